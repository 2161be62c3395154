import type { ServerResponse } from 'node:http';
import type { ResponseBase } from './response-base.js';

/**
 * - `open`: nothing has been sent, and nothing asked for
 * - `waiting`: what is sent is kept back until the work of its owner's plan is through
 * - `passing`: the response is Node's again
 * - `discarding`: an error was answered; what the application still sends is dropped
 */
export type Phase = 'open' | 'waiting' | 'passing' | 'discarding';

/**
 * The object that holds a response. Its methods are called for a response that does not pass. They get the object whose
 * members send for real.
 */
export interface Hold {
  readonly phase: Phase;
  /** True if `end` was called while waiting. */
  readonly ended: boolean;
  /** The members that send for real, if the gate is on the response itself, and once it waits. */
  base: ResponseBase | undefined;
  head(base: ResponseBase, statusCode: number, reason: unknown, headers: unknown): void;
  write(base: ResponseBase, chunk: unknown, encoding: unknown, callback: unknown): boolean;
  end(base: ResponseBase, chunk: unknown, encoding: unknown, callback: unknown): void;
  flushHeaders(base: ResponseBase): void;
}

/** The key of a response's hold. A response has one hold, even with several owners. */
export const HELD_RESPONSE = Symbol('codex-redis:held-response');

/** On a response, or a prototype of it, that has a gate. */
export const GATED = Symbol('codex-redis:gated');

/** A raw response, of node:http, of node:http2's compatible API or of Fastify's `inject()`. */
export interface GatedResponse extends ServerResponse {
  [HELD_RESPONSE]?: Hold | undefined;
  [GATED]?: true;
}
