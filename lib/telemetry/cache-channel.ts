import { channel } from 'node:diagnostics_channel';

/** What happened in a cache. It carries no key and no value. */
export interface CacheEvent {
  readonly operation: 'getOrSet';
  /** `default`, or the name of a cache made by `registerCache()`. */
  readonly cache: string;
  /**
   * `stale`: a value was served after its timeout. `computed`: the value of a factory was given unstored, since Redis is
   * unavailable. `error`: a run behind its callers failed.
   */
  readonly outcome: 'stale' | 'computed' | 'error';
  /** Why a stale value was served: the factory failed, takes longer than `softTimeout`, or failed less than `retryAfter` ago. */
  readonly reason?: 'failed' | 'slow' | 'postponed';
  /** The name of the error, such as `RedisTimeoutError`. Its message is left out, since it may hold a key. */
  readonly error?: string;
}

const cacheChannel = channel('nestjs-codex-redis:cache');

/** Tells the subscribers of `nestjs-codex-redis:cache`; makes no event while there are none. */
export const publishCacheEvent = (event: () => CacheEvent): void => {
  if (cacheChannel.hasSubscribers) cacheChannel.publish(event());
};
