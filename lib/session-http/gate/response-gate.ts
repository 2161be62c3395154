import type { ServerResponse } from 'node:http';
import { GATED, type GatedResponse, HELD_RESPONSE } from './gated-response.js';
import { headersAlreadySent, isWritable } from './node-response.js';
import type { ResponseBase } from './response-base.js';

/*
 * The members of a response through which something of it may leave. Nothing in here is made per request; what a
 * response is waiting for stands in its HeldResponse.
 */

const isFinal = (statusCode: unknown): boolean =>
  typeof statusCode === 'number' && statusCode >= 200 && statusCode <= 999;

type Above = (response: GatedResponse) => ResponseBase;

/** The members that send the first byte. */
const sendersBefore = (above: Above) => {
  function writeHead(this: GatedResponse, statusCode: number, reason?: unknown, headers?: unknown): unknown {
    const held = this[HELD_RESPONSE];
    if (held === undefined || held.phase === 'passing' || !isFinal(statusCode))
      return above(this).writeHead.call(this, statusCode, reason, headers);
    if (held.phase !== 'open') throw headersAlreadySent('write');
    held.head(above(this), statusCode, reason, headers);
    return this;
  }

  function write(this: GatedResponse, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    const held = this[HELD_RESPONSE];
    if (held === undefined || held.phase === 'passing' || !isWritable(chunk))
      return above(this).write.call(this, chunk, encoding, callback);
    return held.write(above(this), chunk, encoding, callback);
  }

  function end(this: GatedResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): unknown {
    const held = this[HELD_RESPONSE];
    const sendable = !chunk || typeof chunk === 'function' || isWritable(chunk);
    if (held === undefined || held.phase === 'passing' || !sendable)
      return above(this).end.call(this, chunk, encoding, callback);
    held.end(above(this), chunk, encoding, callback);
    return this;
  }

  function flushHeaders(this: GatedResponse): void {
    const held = this[HELD_RESPONSE];
    if (held === undefined || held.phase === 'passing') above(this).flushHeaders.call(this);
    else held.flushHeaders(above(this));
  }

  return { writeHead, write, end, flushHeaders };
};

/**
 * Puts the gate on a prototype that the responses of one application share. An application that is mounted in another
 * later gets the other's prototype above its own, so what stands above it is looked up each time.
 */
export const gatePrototype = (prototype: object): void => {
  const senders = sendersBefore(() => Reflect.getPrototypeOf(prototype) as ResponseBase);
  Object.assign(prototype, senders, { [GATED]: true });
};

const ownSenders = sendersBefore((response) => {
  const base = response[HELD_RESPONSE]?.base;
  if (base === undefined) throw new Error('The response was gated without its original methods');
  return base;
});

/** Puts the gate on a held response, unless it has one. */
export const gateResponse = (response: GatedResponse): void => {
  const held = response[HELD_RESPONSE];
  if (held === undefined || response[GATED] === true) return;
  held.base = baseOf(response);
  const gated: Record<keyof typeof ownSenders, unknown> = response;
  gated.writeHead = ownSenders.writeHead;
  gated.write = ownSenders.write;
  gated.end = ownSenders.end;
  gated.flushHeaders = ownSenders.flushHeaders;
  response[GATED] = true;
};

const SENDERS = Object.keys(ownSenders);

/** Another middleware may have put methods of its own on the response before. */
const baseOf = (response: ServerResponse): ResponseBase => {
  const prototype = Reflect.getPrototypeOf(response) as ResponseBase;
  const own = SENDERS.filter((name) => Object.hasOwn(response, name));
  if (own.length === 0) return prototype;
  const base = Object.create(prototype) as Record<string, unknown>;
  for (const name of own) base[name] = Reflect.get(response, name);
  return base as unknown as ResponseBase;
};
