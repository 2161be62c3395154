import { type OperationEvent, Operations } from './operations.js';

/**
 * The operations of a cache, and two more. `refresh` is a factory run that continues after its call has ended. `throttle`
 * is a request that a rate limit counts.
 */
export type CacheOperation =
  | 'add'
  | 'clear'
  | 'delete'
  | 'deleteMany'
  | 'deletePattern'
  | 'expire'
  | 'expireAt'
  | 'get'
  | 'getMany'
  | 'getOrSet'
  | 'getOrSetMany'
  | 'has'
  | 'incr'
  | 'incrVersion'
  | 'invalidateTags'
  | 'keys'
  | 'persist'
  | 'refresh'
  | 'set'
  | 'setMany'
  | 'throttle'
  | 'touch'
  | 'ttl'
  | 'withLock';

/**
 * The outcome of an operation on a cache.
 *
 * - `hit`: there was an entry.
 * - `stale`: a value was served after its timeout, because no newer one was available in time.
 * - `miss`: there was no entry. `getOrSet` created the value, and stored it if that was requested.
 * - `joined`: another call of this process was creating the value.
 * - `waited`: another process was creating the value.
 * - `fenced`: the value was created but not stored, because the entry was written or deleted in the meantime.
 * - `computed`: the value was created but not stored, because Redis is unavailable.
 * - `done`: an operation that reads nothing has succeeded.
 * - `error`: it failed.
 */
export type CacheOutcome =
  'hit' | 'stale' | 'miss' | 'joined' | 'waited' | 'fenced' | 'computed' | 'done' | 'error';

/**
 * An operation on a cache. It is published on the diagnostics channel `nestjs-codex-redis:cache` when it has ended. It
 * contains no key and no value.
 */
export interface CacheEvent extends OperationEvent {
  readonly operation: CacheOperation;
  /** `default`, or the name of a cache made by `registerCache()`. */
  readonly cache: string;
  readonly outcome: CacheOutcome;
  /** The result of `cache.keyGroup` for the key; for several keys, if it is the same for all. */
  readonly keyGroup?: string;
  /** For `getMany` and `getOrSetMany`: the number of requested keys. */
  readonly keys?: number;
  /** For `getMany` and `getOrSetMany`: the number of keys that had an entry. */
  readonly hits?: number;
  /** The duration of the factory in milliseconds, if this call ran it. */
  readonly factoryDuration?: number;
  /**
   * The reason for serving a stale value: the factory failed, takes longer than `softTimeout`, or failed less than
   * `retryAfter` ago.
   */
  readonly reason?: 'failed' | 'slow' | 'postponed';
}

export const cacheOperations = new Operations<CacheEvent>('cache');
