import type { MakeReply } from './made-reply.js';

/*
 * Fastify makes the text of a body, at once or after its preSerialization hooks, and hands it to the onSend hooks. The
 * first of them can keep it until a session is saved. One that never goes on leaves the reply open for another one.
 */

/** On a reply that is being made. */
const MAKING = Symbol('codex-redis:making');

interface FastifyReply {
  // an object, since V8 frees a reply late that has a function in a property of its own (session write on Fastify -9 %)
  [MAKING]: { readonly onMade: (body: unknown, send: () => void) => void } | undefined;
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
  instance.decorateReply(MAKING, undefined);
  instance.addHook('onSend', (_request, reply, body, done) => {
    const making = reply[MAKING];
    if (making === undefined) {
      done();
      return;
    }
    reply[MAKING] = undefined;
    making.onMade(body, done);
  });
};

export const makeReplyOnFastify: MakeReply = (response, reply, onMade) => {
  const open = response as FastifyReply;
  const type = open.getHeader(TYPE);
  const takeBack = (): void => {
    if (type === undefined) open.removeHeader(TYPE);
    else open.header(TYPE, type);
  };
  open[MAKING] = { onMade: (body, send) => onMade({ body, send, takeBack }) };
  return reply();
};

const TYPE = 'content-type';
