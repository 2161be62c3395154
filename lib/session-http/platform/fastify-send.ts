import type { MakeReply } from './made-reply.js';

/*
 * Fastify makes the text of a body, at once or after its preSerialization hooks, and hands it to the onSend hooks. The
 * first of them can keep it until a session is saved. One that never goes on leaves the reply open for another one.
 */

/** On a reply that is being made: gets its body, and what goes on with it. */
const ON_MADE = Symbol('codex-redis:on-made');

interface FastifyReply {
  [ON_MADE]: ((body: unknown, send: () => void) => void) | undefined;
  getHeader(name: string): string | undefined;
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

/** The part of an instance of Fastify that takes a hook before its replies are sent. */
export interface FastifySender {
  decorateReply(name: symbol, value: undefined): unknown;
  addHook(
    name: 'onSend',
    hook: (request: object, reply: FastifyReply, body: unknown, done: () => void) => void,
  ): unknown;
}

/** Lets the sending of an application's replies be put off. */
export const deferSending = (instance: FastifySender): void => {
  instance.decorateReply(ON_MADE, undefined);
  instance.addHook('onSend', (_request, reply, body, done) => {
    const onMade = reply[ON_MADE];
    if (onMade === undefined) {
      done();
      return;
    }
    reply[ON_MADE] = undefined;
    onMade(body, done);
  });
};

export const makeReplyOnFastify: MakeReply = (response, reply, onMade) => {
  const open = response as FastifyReply;
  const type = open.getHeader(TYPE);
  const takeBack = (): void => {
    if (type === undefined) open.removeHeader(TYPE);
    else open.header(TYPE, type);
  };
  open[ON_MADE] = (body, send) => onMade({ body, send, takeBack });
  return reply();
};

const TYPE = 'content-type';
