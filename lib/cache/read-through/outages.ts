import { errorName } from '../../common/error-name.js';
import { cacheLogger } from '../../common/loggers.js';
import type { EntryCall } from './read-through-call.js';
import { RedisConnectionError, RedisUnavailableError } from '../../errors/redis.errors.js';

/** True if Redis could not be asked, or cannot write. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof RedisConnectionError || error instanceof RedisUnavailableError;

/** Remembers what the store failed with, where it did. */
export interface Outage {
  storeFailure?: unknown;
}

/** Says once for an outage that values are computed. Redis that is out of memory still reads. */
export class Outages {
  readonly #failing = new Set<'reading' | 'writing'>();

  /**
   * Reads, or gives `undefined` where Redis is unavailable and the call does without.
   *
   * @param outage remembers the failure
   */
  async without<T>({ policy }: EntryCall, outage: Outage, read: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await read();
      this.ended('reading');
      return found;
    } catch (error) {
      outage.storeFailure = error;
      if (policy.readThrough.whenUnavailable !== 'compute' || !isUnavailable(error)) throw error;
      this.report('reading', error);
      return undefined;
    }
  }

  report(step: 'reading' | 'writing', error: unknown): void {
    if (this.#failing.size === 0)
      cacheLogger.warn(
        `Redis is unavailable (${errorName(error)}); until it is back, values are computed and not stored`,
      );
    this.#failing.add(step);
  }

  ended(step: 'reading' | 'writing'): void {
    this.#failing.delete(step);
  }
}
