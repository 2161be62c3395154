import { types } from 'node:util';
import type { Clock } from '../common/clock.js';
import { describeValue } from '../common/describe-value.js';
import { parseDuration } from '../common/duration.js';
import type { Duration } from '../config/kinds.js';

/**
 * The lifetime of an entry: seconds (fractions count, to the millisecond), or a duration string such as `'5m'`. `null`
 * is forever; 0 or less is gone at once.
 */
export type Timeout = Duration | null;

const MS_PER_SECOND = 1000;

/**
 * Whole milliseconds of a timeout, `null` forever, 0 when the entry is gone at once.
 *
 * @throws TypeError when it is no timeout, RangeError when it is too long for Redis.
 */
export const timeoutToMs = (timeout: Timeout): number | null => {
  if (timeout === null) return null;
  const exact = typeof timeout === 'number' ? timeout * MS_PER_SECOND : parseDuration(timeout);
  if (exact === undefined || Number.isNaN(exact) || timeout === Infinity || timeout === -Infinity)
    throw new TypeError(
      `timeout: expected seconds, a duration string such as '5m', or null forever; got ${describeValue(timeout)}`,
    );
  if (exact > Number.MAX_SAFE_INTEGER)
    throw new RangeError('timeout: too long for Redis; use null for an entry that never expires');
  return exact > 0 ? Math.round(exact) : 0;
};

/**
 * Milliseconds until a point in time, 0 once it has passed.
 *
 * @throws TypeError unless it is a valid Date
 */
export const msUntil = (date: Date, clock: Clock): number => {
  const time = types.isDate(date) ? date.getTime() : NaN;
  if (Number.isNaN(time)) throw new TypeError(`date: expected a valid Date, got ${describeValue(date)}`);
  return Math.max(0, time - clock.now());
};
