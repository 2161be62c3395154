import type { AnswerOrigin } from '../cache/read-through/get-or-set-options.js';
import type { Refusal } from './refusal.js';

/** The name of this cache in `Cache-Status` (RFC 9211). */
const NAME = 'codex-redis';

export const CACHE_STATUS = 'Cache-Status';

/** @param ttl seconds until the stored response expires; negative when it is stale; `null` when it never expires */
export const hit = (ttl: number | null): string => `${NAME}; hit${ttl === null ? '' : `; ttl=${ttl}`}`;

/** The handler was run, and its response is in the cache now. */
const STORED = `${NAME}; fwd=miss; stored`;

/** The handler was run, and its response was not stored. */
export const notStored = (why: Refusal | undefined): string =>
  `${NAME}; fwd=miss${why === undefined ? '' : `; detail=${why}`}`;

/** The cache was not asked. */
export const bypassed = (why: Refusal): string => `${NAME}; fwd=bypass; detail=${why}`;

/**
 * The status of a response that the cache gave; `undefined` for a hit.
 *
 * @param hasRun true if this request has run the handler, rather than waited for another request's run
 */
export const statusOf = ({ outcome, isStored }: AnswerOrigin, hasRun: boolean): string | undefined => {
  if (outcome === 'fenced') return notStored('changed');
  if (outcome === 'computed') return notStored('unavailable');
  // such as with a timeout of 0, or while another process makes the response
  if (outcome === 'miss' && !isStored) return notStored(undefined);
  return outcome === 'miss' && hasRun ? STORED : undefined;
};
