import { describeValue } from '../common/describe-value.js';
import { syncResult } from '../common/sync-result.js';
import { writeJson } from '../serializer/json-writer.js';

/**
 * The name of an entry: a key as it is, a number, or the parts of a key. Two lists of parts that differ always make two
 * keys. Keys that you join yourself may not: `${'a:b'}:${'c'}` and `${'a'}:${'b:c'}` are the same.
 */
export type CacheKey = string | number | bigint | readonly unknown[];

/**
 * The key that a decorator or a typed cache makes of these parts, for the other calls of a cache:
 * `cache.delete(cacheKey('product', 42))` deletes `product:42`.
 *
 * Parts are JSON, joined by colons. Words are written bare (`product`), other text in quotes (`"a:b"`, `"42"`), and
 * objects with their names sorted.
 *
 * @throws TypeError naming the part that is not JSON, `undefined` included, or when there is no part.
 */
export const cacheKey = (...parts: readonly unknown[]): string => {
  if (parts.length === 0) throw new TypeError('key: expected at least one part, got an empty list');
  return parts.map(writePart).join(':');
};

/**
 * The key that a function of keys means.
 *
 * @throws TypeError
 */
export const keyOf = (given: unknown): string => {
  if (typeof given === 'string') return given;
  if (typeof given === 'bigint') return given.toString();
  if (typeof given === 'number') return cacheKey(given);
  if (Array.isArray(given)) return cacheKey(...(given as unknown[]));
  throw new TypeError(
    `key: expected the function to return a string, a number or a list of parts, got ${describeValue(syncResult(given))}`,
  );
};

/** Has no colon and cannot begin JSON other than a number or a literal, so that a key can be taken apart again. */
const WORD = /^[\p{L}\p{N}_.@/+-]+$/u;
const JSON_WORD = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

const writePart = (part: unknown, index: number): string => {
  if (typeof part === 'string' && WORD.test(part) && !JSON_WORD.test(part)) return part;
  const text = writeJson(part, { parent: { parent: undefined, key: 'key' }, key: index });
  return typeof part === 'object' && part !== null ? writeJson(withSortedNames(part)) : text;
};

/** Of JSON: equal values are written alike. */
const withSortedNames = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withSortedNames);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, withSortedNames(item)]));
};
