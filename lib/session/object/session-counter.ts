import { describeValue } from '../../common/describe-value.js';
import { getEntry, type SessionData, setEntry } from '../wire/session-data.js';

/**
 * Adds to an entry; a missing one counts as 0.
 *
 * @throws TypeError when either is no number, RangeError for a sum beyond ±(2^53 − 1)
 */
export const addEntry = (data: SessionData, name: string, by: number): number => {
  const before = getEntry(data, name) ?? 0;
  if (typeof by !== 'number' || !Number.isFinite(by))
    throw new TypeError(`session.increment() adds a finite number, not ${describeValue(by)}`);
  if (typeof before !== 'number')
    throw new TypeError(`session.increment(): the entry is not a number but ${describeValue(before)}`);
  const sum = before + by;
  if (Math.abs(sum) > Number.MAX_SAFE_INTEGER)
    throw new RangeError('session.increment(): the sum would be beyond ±(2^53 − 1)');
  setEntry(data, name, sum);
  return sum;
};

/** The number an entry holds, 0 for a missing one; `undefined` for anything else. */
export const numberIn = (data: SessionData, name: string): number | undefined => {
  const value = getEntry(data, name) ?? 0;
  return typeof value === 'number' ? value : undefined;
};
