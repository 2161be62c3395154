import type { Refusal } from './refusal.js';

/** The name of this cache in `Cache-Status` (RFC 9211). */
const NAME = 'codex-redis';

export const CACHE_STATUS = 'Cache-Status';

/** @param ttl seconds until the stored response expires; negative when it is stale; `null` when it never expires */
export const hit = (ttl: number | null): string => `${NAME}; hit${ttl === null ? '' : `; ttl=${ttl}`}`;

/** The handler was run, and its response is in the cache now; with a timeout of 0 it is not. */
export const stored = (timeoutMs: number | null): string =>
  timeoutMs === null || timeoutMs > 0 ? `${NAME}; fwd=miss; stored` : notStored(undefined);

/** The handler was run, and its response was not stored. */
export const notStored = (why: Refusal | undefined): string =>
  `${NAME}; fwd=miss${why === undefined ? '' : `; detail=${why}`}`;

/** The cache was not asked. */
export const bypassed = (why: Refusal): string => `${NAME}; fwd=bypass; detail=${why}`;
