import { describeValue } from '../common/describe-value.js';
import { CacheKeyNotFoundError } from '../errors/cache-key-not-found.error.js';
import type { IncrementOutcome } from '../store/outcomes.js';

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

/**
 * The number that a call adds.
 *
 * @throws TypeError for anything but an integer, RangeError for one beyond ±(2^53 − 1).
 */
export const checkedDelta = (delta: number): number => {
  if (Number.isSafeInteger(delta)) return delta;
  if (Number.isInteger(delta)) throw new RangeError('delta: beyond ±(2^53 − 1) JavaScript would round');
  throw new TypeError(`delta: expected an integer, got ${describeValue(delta)}`);
};

/** The number to add instead of one to subtract. Anything but a safe integer is left as it is, so that its refusal names it. */
export const opposite = (delta: number): number => (Number.isSafeInteger(delta) ? -delta : delta);

/**
 * The number that a call adds to a version.
 *
 * @throws TypeError for anything but an integer, and for 0, RangeError for one beyond ±(2^53 − 1).
 */
export const checkedVersionDelta = (delta: number): number => {
  if (checkedDelta(delta) === 0) throw new TypeError('delta: 0 would leave the version as it is');
  return delta;
};
