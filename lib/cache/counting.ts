import { CacheKeyNotFoundError } from '../errors/cache-key-not-found.error.js';
import type { IncrementOutcome } from '../store/key-value-store.js';

/** @throws CacheKeyNotFoundError, TypeError, RangeError where nothing was added */
export const sumOf = (key: string, result: IncrementOutcome): number => {
  switch (result.outcome) {
    case 'done':
      return Number(result.value);
    case 'missing':
      throw new CacheKeyNotFoundError(key);
    case 'not-an-integer':
      throw new TypeError(
        `cache key ${JSON.stringify(key)}: only an integer can be counted up or down; set() one first`,
      );
    case 'out-of-range':
      throw new RangeError(
        `cache key ${JSON.stringify(key)}: beyond ±(2^53 − 1) JavaScript would round; set() a smaller number first`,
      );
  }
};
