import { describeValue } from '../common/describe-value.js';
import { isPlainObject } from '../common/plain-object.js';
import type { Serializer } from '../serializer/serializer.js';
import { refusedDump } from './refused-value.js';

/** Entries to store: an object, a Map, or any iterable of pairs. */
export type Entries = Readonly<Record<string, unknown>> | Iterable<Pair>;

/** An entry to store. */
export type Pair = readonly [key: string, value: unknown];

/** Values of one type under their keys: an object, a Map, or any iterable of pairs. */
export type Loaded<T> = Readonly<Record<string, T>> | Iterable<readonly [key: string, value: T]>;

/**
 * The text of a value.
 *
 * @throws TypeError naming the key, when the serializer refuses the value or gives anything but text, such as a promise.
 */
export const dump = (serializer: Serializer, key: string, value: unknown): string => {
  try {
    return serializer.dumps(value);
  } catch (error) {
    throw refusedDump(key, error);
  }
};

/** Reads an iterable of keys, once; a copy, since the caller may use its array again before the answer is there. */
export const keyList = (keys: Iterable<string>): readonly string[] => {
  if (typeof keys === 'object' && (keys as unknown) !== null && Symbol.iterator in keys) return [...keys];
  throw new TypeError(
    `keys: expected an array, a Set or another iterable of keys, got ${describeValue(keys)}`,
  );
};

/**
 * The pairs of entries.
 *
 * @throws TypeError for what is none
 */
export const pairsOf = (entries: Entries): Pair[] =>
  [...itemsOf(entries)].map((pair) => {
    if (!Array.isArray(pair)) throw notEntries(entries);
    return pair as unknown as Pair;
  });

const itemsOf = (entries: Entries): Iterable<unknown> => {
  if (typeof entries === 'object' && (entries as unknown) !== null) {
    if (isIterable(entries)) return entries;
    if (isPlainObject(entries)) return Object.entries(entries);
  }
  throw notEntries(entries);
};

const notEntries = (entries: Entries): TypeError =>
  new TypeError(
    `entries: expected an object, a Map or pairs of key and value, got ${describeValue(entries)}`,
  );

const isIterable = (entries: Entries): entries is Iterable<Pair> => Symbol.iterator in entries;
