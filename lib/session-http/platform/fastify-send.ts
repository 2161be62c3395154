import { ignore } from '../../common/ignore.js';
import type { MadeReply, MakeReply } from './made-reply.js';

/*
 * Fastify makes the text of a body, at once or after its preSerialization hooks, and hands it to the onSend hooks. The
 * first of them can keep it until a session is saved. One that never goes on leaves the reply open for another one.
 */

/** On a reply that is being made. */
const MAKING = Symbol('codex-redis:making');

/** In place of one that is put off: a reply of the adapter's that is sent at once. */
const AT_ONCE = Symbol('at once');

/** The error with which the sending of a reply failed in this turn. */
let failure: { readonly error: unknown } | undefined;

interface FastifyReply {
  // no function, since V8 frees a reply late that has one in a property of its own (session write on Fastify -9 %)
  [MAKING]: PutOffReply | typeof AT_ONCE | undefined;
  statusCode: number;
  getHeaders(): Headers;
  header(name: string, value: HeaderValue): unknown;
  removeHeader(name: string): unknown;
}

type HeaderValue = number | string | string[];
type Headers = Readonly<Record<string, HeaderValue>>;

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
    reply[MAKING] = undefined;
    if (making === undefined) done();
    else if (making === AT_ONCE) failure = failureOf(done);
    else making.take(body, done);
  });
};

const failureOf = (send: () => void): typeof failure => {
  try {
    send();
    return undefined;
  } catch (error) {
    return { error };
  }
};

/**
 * Replies at once. Where there is a hook, Fastify gives what the sending fails with to its own error handler; it is thrown
 * to the caller here, as without one, and so reaches every exception filter.
 */
export const replyOnFastify = (response: object, reply: () => unknown): unknown => {
  const open = response as FastifyReply;
  failure = undefined;
  const result = replyMarked(open, AT_ONCE, reply);
  if (open[MAKING] === AT_ONCE) open[MAKING] = undefined;
  const failed = failure as { readonly error: unknown } | undefined;
  failure = undefined;
  if (failed !== undefined) throw failed.error;
  return result;
};

/** The mark does not outlive a call that fails: the next reply is somebody else's. */
const replyMarked = (
  open: FastifyReply,
  making: FastifyReply[typeof MAKING],
  reply: () => unknown,
): unknown => {
  open[MAKING] = making;
  try {
    return reply();
  } catch (error) {
    open[MAKING] = undefined;
    throw error;
  }
};

export const makeReplyOnFastify: MakeReply = (response, reply, onMade) => {
  const open = response as FastifyReply;
  return replyMarked(open, new PutOffReply(open, onMade), reply);
};

/** A reply whose sending is put off. */
class PutOffReply implements MadeReply {
  readonly #statusCode: number;
  readonly #headers: Headers;
  body: unknown;
  send: () => void = ignore;

  constructor(
    private readonly reply: FastifyReply,
    private readonly onMade: (made: MadeReply) => void,
  ) {
    this.#statusCode = reply.statusCode;
    this.#headers = reply.getHeaders();
  }

  /** Fastify has made it. */
  take(body: unknown, send: () => void): void {
    this.body = body;
    this.send = send;
    this.onMade(this);
  }

  takeBack(): void {
    this.reply.statusCode = this.#statusCode;
    restoreHeaders(this.reply, this.#headers);
  }
}

/** Also what hooks have said of the body, such as its encoding or its ETag. */
const restoreHeaders = (reply: FastifyReply, headers: Headers): void => {
  const now = reply.getHeaders();
  for (const name of Object.keys({ ...headers, ...now })) {
    const value = headers[name];
    if (now[name] === value) continue;
    // removed first, since Fastify adds to the cookies that are set
    reply.removeHeader(name);
    if (value !== undefined) reply.header(name, value);
  }
};
