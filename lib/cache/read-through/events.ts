import { publishCacheEvent } from '../../telemetry/cache-channel.js';
import { nameOf } from './outages.js';

/** Tells what `getOrSet` of a cache did beside reading and storing. */
export class Events {
  constructor(private readonly cache: string) {}

  servedStale(reason: 'failed' | 'slow' | 'postponed', error?: unknown): void {
    publishCacheEvent(() => ({
      operation: 'getOrSet',
      cache: this.cache,
      outcome: 'stale',
      reason,
      ...(reason === 'failed' && { error: nameOf(error) }),
    }));
  }

  computed(error: unknown): void {
    publishCacheEvent(() => ({
      operation: 'getOrSet',
      cache: this.cache,
      outcome: 'computed',
      error: nameOf(error),
    }));
  }

  failedBehind(error: unknown): void {
    publishCacheEvent(() => ({
      operation: 'getOrSet',
      cache: this.cache,
      outcome: 'error',
      error: nameOf(error),
    }));
  }
}
