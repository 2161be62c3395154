import { describeValue } from '../../common/describe-value.js';
import { getEntry, layOver, type SessionData, setEntry } from '../wire/session-data.js';

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
    throw new TypeError(`session.increment(): the entry is no number but ${describeValue(before)}`);
  const sum = before + by;
  if (Math.abs(sum) > Number.MAX_SAFE_INTEGER)
    throw new RangeError('session.increment(): the sum would be beyond ±(2^53 − 1)');
  setEntry(data, name, sum);
  return sum;
};

/** Lays own entries over newer ones; what was added to a number is added to the newer number. */
export const layOverAdding = (
  below: SessionData,
  names: Iterable<string>,
  own: SessionData,
  increments: ReadonlyMap<string, number>,
): void => {
  const counted = [...increments].map(([name, by]) => [name, getEntry(below, name) ?? 0, by] as const);
  layOver(below, names, own);
  for (const [name, newest, by] of counted)
    if (typeof newest === 'number') {
      setEntry(below, name, newest);
      addEntry(below, name, by);
    }
};
