import { cacheLogger } from '../../common/loggers.js';
import { RedisConnectionError, RedisUnavailableError } from '../../errors/redis.errors.js';

/** Whether Redis could not be asked, or cannot write. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof RedisConnectionError || error instanceof RedisUnavailableError;

/** Says once for an outage that values are computed. Redis that is out of memory still reads. */
export class Outages {
  readonly #failing = new Set<'reading' | 'writing'>();

  report(step: 'reading' | 'writing', error: unknown): void {
    if (this.#failing.size === 0)
      cacheLogger.warn(
        `Redis is unavailable (${nameOf(error)}); until it is back, getOrSet computes values and does not store them`,
      );
    this.#failing.add(step);
  }

  ended(step: 'reading' | 'writing'): void {
    this.#failing.delete(step);
  }
}

/** Of an error, whatever was thrown. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
