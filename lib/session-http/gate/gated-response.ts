import type { ServerResponse } from 'node:http';
import type { ResponseBase } from './response-base.js';

/**
 * - `open`: nothing has been sent, and nothing asked for
 * - `waiting`: what is sent is kept back until the commit is through
 * - `passing`: the response is Node's again
 * - `discarding`: an error was answered; what the application still sends is dropped
 */
export type Phase = 'open' | 'waiting' | 'passing' | 'discarding';

/** What holds a response; the methods are called for one that does not pass. */
export interface Hold {
  readonly phase: Phase;
  /** Whether `end` was called while waiting. */
  readonly ended: boolean;
  /** Has the methods that send for real. */
  readonly base: ResponseBase;
  head(statusCode: number, reason: unknown, headers: unknown): void;
  write(chunk: unknown, encoding: unknown, callback: unknown): boolean;
  end(chunk: unknown, encoding: unknown, callback: unknown): void;
  flushHeaders(): void;
}

/** Where a response keeps its hold. */
export const HELD_RESPONSE = Symbol('codex-redis:held-response');

/** On a prototype shared by the responses of an application: what makes a late hold where one is needed. */
export const HOLD_ON_DEMAND = Symbol('codex-redis:hold-response');

/** On the same prototype: the object whose methods send for real. */
export const BASE = Symbol('codex-redis:response-base');

/** A raw response, of node:http, of node:http2's compatible API or of Fastify's `inject()`. */
export interface GatedResponse extends ServerResponse {
  [HELD_RESPONSE]?: Hold | undefined;
  [HOLD_ON_DEMAND]?: (response: GatedResponse) => Hold | undefined;
  [BASE]?: ResponseBase;
}
