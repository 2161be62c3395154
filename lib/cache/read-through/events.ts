import { type CacheEvent, publishCacheEvent } from '../../telemetry/cache-channel.js';
import { nameOf } from './outages.js';

/** Tells what `getOrSet` of a cache did beside reading and storing. */
export class Events {
  constructor(private readonly cache: string) {}

  servedStale(reason: 'failed' | 'slow' | 'postponed', error?: unknown): void {
    this.#publish('stale', () => ({ reason, ...(reason === 'failed' && { error: nameOf(error) }) }));
  }

  computed(error: unknown): void {
    this.#publish('computed', () => ({ error: nameOf(error) }));
  }

  failedBehind(error: unknown): void {
    this.#publish('error', () => ({ error: nameOf(error) }));
  }

  #publish(outcome: CacheEvent['outcome'], more: () => Pick<CacheEvent, 'reason' | 'error'>): void {
    publishCacheEvent(() => ({ operation: 'getOrSet', cache: this.cache, outcome, ...more() }));
  }
}
