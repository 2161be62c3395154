import { BASE, type GatedResponse, HELD_RESPONSE, type Hold, HOLD_ON_DEMAND } from './gated-response.js';
import { headersAlreadySent, isWritable } from './node-response.js';
import type { ResponseBase } from './response-base.js';

/*
 * The members of a response through which something of it may leave. One table for every platform: Express has it
 * on the prototype of an application's responses, Fastify on each raw response. Nothing in here is made per
 * request; what a response is waiting for stands in its HeldResponse.
 */

const baseOf = (response: GatedResponse, held: Hold | undefined): ResponseBase => {
  const base = held === undefined ? response[BASE] : held.base;
  if (base === undefined) throw new Error('The response was gated without its original methods');
  return base;
};

const isFinal = (statusCode: unknown): boolean =>
  typeof statusCode === 'number' && statusCode >= 200 && statusCode <= 999;

function writeHead(this: GatedResponse, statusCode: number, reason?: unknown, headers?: unknown): unknown {
  const held = this[HELD_RESPONSE] ?? this[HOLD_ON_DEMAND]?.(this);
  if (held === undefined || held.phase === 'passing' || !isFinal(statusCode))
    return baseOf(this, held).writeHead.call(this, statusCode, reason, headers);
  if (held.phase !== 'open') throw headersAlreadySent('write');
  held.head(statusCode, reason, headers);
  return this;
}

function write(this: GatedResponse, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  const held = this[HELD_RESPONSE];
  if (held === undefined || held.phase === 'passing' || !isWritable(chunk))
    return baseOf(this, held).write.call(this, chunk, encoding, callback);
  return held.write(chunk, encoding, callback);
}

function end(this: GatedResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): unknown {
  const held = this[HELD_RESPONSE];
  const sendable = !chunk || typeof chunk === 'function' || isWritable(chunk);
  if (held === undefined || held.phase === 'passing' || !sendable)
    return baseOf(this, held).end.call(this, chunk, encoding, callback);
  held.end(chunk, encoding, callback);
  return this;
}

function flushHeaders(this: GatedResponse): void {
  const held = this[HELD_RESPONSE];
  if (held === undefined || held.phase === 'passing') baseOf(this, held).flushHeaders.call(this);
  else held.flushHeaders();
}

/** What makes the first byte leave. */
export const senders = { writeHead, write, end, flushHeaders };

/** Puts them on one response. */
export const addSenders = (response: GatedResponse): void => {
  const gated: Record<keyof typeof senders, unknown> = response;
  gated.writeHead = writeHead;
  gated.write = write;
  gated.end = end;
  gated.flushHeaders = flushHeaders;
};
