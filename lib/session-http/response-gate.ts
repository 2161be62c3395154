import { BASE, type GatedResponse, HELD, HOLD } from './gated-response.js';
import { headersAlreadySent, isWritable } from './node-response.js';
import type { ResponseBase } from './response-base.js';

/*
 * The members of a response through which something of it may leave. One table for every platform: Express has it
 * on the prototype of an application's responses, Fastify on each raw response. Nothing in here is made per
 * request; what a response is waiting for stands in its HeldResponse.
 */

const baseOf = (response: GatedResponse): ResponseBase => {
  const base = response[HELD]?.base ?? response[BASE];
  if (base === undefined) throw new Error('The response was gated without its original methods');
  return base;
};

const isWaiting = (response: GatedResponse): boolean => response[HELD]?.phase === 'waiting';

const isFinal = (statusCode: unknown): boolean =>
  typeof statusCode === 'number' && statusCode >= 200 && statusCode <= 999;

function writeHead(this: GatedResponse, statusCode: number, reason?: unknown, headers?: unknown): unknown {
  const held = this[HELD] ?? this[HOLD]?.(this);
  if (held === undefined || held.phase === 'passing' || !isFinal(statusCode))
    return baseOf(this).writeHead.call(this, statusCode, reason, headers);
  if (held.phase !== 'open') throw headersAlreadySent('write');
  held.head(statusCode, reason, headers);
  return this;
}

function write(this: GatedResponse, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  const held = this[HELD];
  if (held === undefined || held.phase === 'passing' || !isWritable(chunk))
    return baseOf(this).write.call(this, chunk, encoding, callback);
  return held.write(chunk, encoding, callback);
}

function end(this: GatedResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): unknown {
  const held = this[HELD];
  const sendable = !chunk || typeof chunk === 'function' || isWritable(chunk);
  if (held === undefined || held.phase === 'passing' || !sendable)
    return baseOf(this).end.call(this, chunk, encoding, callback);
  held.end(chunk, encoding, callback);
  return this;
}

function flushHeaders(this: GatedResponse): void {
  const held = this[HELD];
  if (held === undefined || held.phase === 'passing') baseOf(this).flushHeaders.call(this);
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

const method = (value: (this: GatedResponse, ...args: never[]) => unknown): PropertyDescriptor => ({
  configurable: true,
  writable: true,
  value,
});

/**
 * What must look, while a response waits, as if its head had left: frameworks read `headersSent` to decide whether
 * an error may still be answered, and a header set now would be lost.
 */
export const lookouts: PropertyDescriptorMap = {
  headersSent: {
    configurable: true,
    get(this: GatedResponse): boolean {
      return isWaiting(this) || Reflect.get(baseOf(this), 'headersSent', this);
    },
  },
  writableEnded: {
    configurable: true,
    get(this: GatedResponse): boolean {
      const held = this[HELD];
      return held?.phase === 'waiting' ? held.ended : Reflect.get(baseOf(this), 'writableEnded', this);
    },
  },
  setHeader: method(function (name: string, value: unknown) {
    if (isWaiting(this)) throw headersAlreadySent('set');
    return baseOf(this).setHeader.call(this, name, value);
  }),
  setHeaders: method(function (headers: unknown) {
    if (isWaiting(this)) throw headersAlreadySent('set');
    return baseOf(this).setHeaders.call(this, headers);
  }),
  appendHeader: method(function (name: string, value: unknown) {
    if (isWaiting(this)) throw headersAlreadySent('append');
    return baseOf(this).appendHeader.call(this, name, value);
  }),
  removeHeader: method(function (name: string) {
    if (isWaiting(this)) throw headersAlreadySent('remove');
    baseOf(this).removeHeader.call(this, name);
  }),
  _implicitHeader: method(function () {
    if (!isWaiting(this)) baseOf(this)._implicitHeader?.call(this);
  }),
};
