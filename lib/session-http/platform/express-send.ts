import type { MakeReply } from './made-reply.js';

/*
 * Express makes the text of a body and sends it in one call. It sends by `response.send()`, as text or bytes, so that
 * call is where the sending can be put off until a session is saved.
 */

interface Sender {
  send: (...args: unknown[]) => unknown;
}

/** A reply that is being made. */
interface Making {
  readonly response: object;
  readonly onMade: (body: unknown, send: () => unknown) => void;
}

/** A reply is made in one turn, so there is at most one at a time. */
let current: Making | undefined;

/** Lets the sending of an application's responses be put off. */
export const deferSending = (prototype: object): void => {
  const sender = prototype as Sender;
  const own = Object.hasOwn(sender, 'send') ? sender.send : undefined;
  sender.send = function (this: object, ...args: unknown[]): unknown {
    // looked up each time: an application that is mounted in another later gets the other's prototype above its own
    const send = own ?? (Reflect.getPrototypeOf(prototype) as Sender).send;
    if (current?.response !== this || args.length > 1 || becomesText(args[0]))
      return Reflect.apply(send, this, args);
    const { onMade } = current;
    current = undefined;
    onMade(args[0], () => Reflect.apply(send, this, args));
    return this;
  };
};

/** Such a body comes again, as text. */
const becomesText = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && !ArrayBuffer.isView(body);

interface OpenResponse {
  getHeader(name: string): string | undefined;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): void;
}

export const makeReplyOnExpress: MakeReply = (response, reply, onMade) => {
  const open = response as OpenResponse;
  const type = open.getHeader(TYPE);
  const takeBack = (): void => {
    if (type === undefined) open.removeHeader(TYPE);
    else open.setHeader(TYPE, type);
  };
  const outer = current;
  current = { response, onMade: (body, send) => onMade({ body, send, takeBack }) };
  try {
    return reply();
  } finally {
    current = outer;
  }
};

const TYPE = 'Content-Type';
