/*
 * Express makes the text of a body and sends it in one call. It sends by `response.send()`, as text or bytes, so that
 * call is where the sending can be put off until a session is saved.
 */

interface Sender {
  send: (...args: unknown[]) => unknown;
}

/** A reply that is being made, all but its sending. */
interface Deferral {
  readonly response: object;
  send: (() => unknown) | undefined;
}

/** A reply is made in one turn, so there is at most one at a time. */
let current: Deferral | undefined;

/** Lets the sending of an application's responses be put off. */
export const deferSending = (prototype: object): void => {
  const sender = prototype as Sender;
  const own = Object.hasOwn(sender, 'send') ? sender.send : undefined;
  sender.send = function (this: object, ...args: unknown[]): unknown {
    // looked up each time: an application that is mounted in another later gets the other's prototype above its own
    const send = own ?? (Reflect.getPrototypeOf(prototype) as Sender).send;
    if (current?.response !== this || args.length > 1 || becomesText(args[0]))
      return Reflect.apply(send, this, args);
    current.send = () => Reflect.apply(send, this, args);
    current = undefined;
    return this;
  };
};

/** Such a body comes again, as text. */
const becomesText = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && !ArrayBuffer.isView(body);

/** A reply that was made. */
export interface MadeReply {
  readonly result: unknown;
  /** Sends it; `undefined` where that was not put off, since something else than `response.send()` sends it. */
  readonly send: (() => unknown) | undefined;
  /** Takes back what making it did to the response, for another reply. */
  readonly takeBack: () => void;
}

interface OpenResponse {
  getHeader(name: string): string | undefined;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): void;
}

/**
 * Makes a reply and puts off its sending.
 *
 * @throws what making it throws, such as a TypeError for a body that is not JSON
 */
export const makeReply = (response: object, reply: () => unknown): MadeReply => {
  const open = response as OpenResponse;
  const type = open.getHeader(TYPE);
  const outer = current;
  const deferral: Deferral = { response, send: undefined };
  current = deferral;
  try {
    const result = reply();
    const takeBack = (): void => {
      if (type === undefined) open.removeHeader(TYPE);
      else open.setHeader(TYPE, type);
    };
    return { result, send: deferral.send, takeBack };
  } finally {
    current = outer;
  }
};

const TYPE = 'Content-Type';
