import type { ServerResponse } from 'node:http';
import type { HeldResponse } from './held-response.js';
import type { ResponseBase } from './response-base.js';

/** Where a response keeps its hold. */
export const HELD = Symbol('codex-redis:held-response');

/** On a prototype shared by the responses of an application: what makes a late hold where one is needed. */
export const HOLD = Symbol('codex-redis:hold-response');

/** On the same prototype: the object whose methods send for real. */
export const BASE = Symbol('codex-redis:response-base');

/** A raw response, of node:http, of node:http2's compatible API or of Fastify's `inject()`. */
export interface GatedResponse extends ServerResponse {
  [HELD]?: HeldResponse;
  [HOLD]?: (response: GatedResponse) => HeldResponse | undefined;
  [BASE]?: ResponseBase;
}
