import { escapeGlob } from '../common/glob.js';
import { hashSlot, SLOT_COUNT } from './hash-slot.js';

/**
 * The Redis key of what is kept beside an entry, in the entry's own Cluster slot, so that one script reaches both:
 * `{prefix}:{word}:{<redisKey>}`. A key with a hash tag of its own is appended as it stands; one that has braces and
 * no tag gets a number as its tag whose slot is the same.
 *
 * Different keys never share a companion. It begins with `{prefix}:{word}:`, except that the number comes first where
 * the prefix has a hash tag that is not the key's.
 *
 * @param redisKey the complete key of the entry, not empty
 */
export const companionKey = (prefix: string, word: string, redisKey: string): string => {
  const head = `${prefix}:${word}:`;
  if (head.includes('{')) return behindBrace(head, redisKey);
  if (!redisKey.includes('}')) return `${head}{${redisKey}}`;
  return hasHashTag(redisKey) && !redisKey.startsWith('{')
    ? head + redisKey
    : `${head}${tagFor(head, redisKey)}:${redisKey}`;
};

/** The words that name the companions of cache entries. */
export const CACHE_COMPANIONS = ['grace', 'lease', 'tokens'] as const;

export type CacheCompanion = (typeof CACHE_COMPANIONS)[number];

/** The key of the entry whose companion this is, or `undefined` when it is none. */
export const entryOfCompanion = (prefix: string, word: string, key: string): string | undefined => {
  const head = `${prefix}:${word}:`;
  const at = key.startsWith(head) ? head.length : key.indexOf(`:${head}`) + head.length + 1;
  const rest = key.slice(at);
  const candidates = [rest.slice(1, -1), rest, rest.slice(rest.indexOf(':') + 1)];
  return candidates.find((entry) => entry !== '' && companionKey(prefix, word, entry) === key);
};

/**
 * Redis globs that together match every companion of these words, and perhaps other keys.
 *
 * @param glob matches the entries they belong to, and perhaps others
 */
export const companionGlobs = (
  prefix: string,
  words: readonly [string, ...string[]],
  glob: string,
): readonly string[] => {
  const head = `${escapeGlob(`${prefix}:`)}${wordGlob(words)}:`;
  // the text after a class that is not closed, or after a backslash, could become a part of it
  const entries = /[[\\]/.test(glob) ? '*' : `*${glob}*`;
  return head.includes('{') ? [head + entries, `{*}:${head}${entries}`] : [head + entries];
};

/** One walk finds all words: it costs Redis a look at each of its keys. */
const wordGlob = (words: readonly [string, ...string[]]): string => {
  const [only, ...others] = words;
  return others.length === 0 ? only : `[${words.map(([first]) => first).join('')}]*`;
};

/** Redis takes the first brace of a key for the beginning of its tag, and here that stands in the prefix. */
const behindBrace = (head: string, redisKey: string): string => {
  if (!head.includes('}', head.indexOf('{'))) return `${head}${tagFor(head, redisKey)}:${redisKey}`;
  const key = head + redisKey;
  return hashSlot(key) === hashSlot(redisKey) ? key : `${tagFor('', redisKey)}:${key}`;
};

/** Redis ignores an empty tag, and looks for no second one. */
const hasHashTag = (key: string): boolean => {
  const open = key.indexOf('{');
  return open !== -1 && key.indexOf('}', open) > open + 1;
};

/** A number in braces that, put behind `before`, gives a key the slot of another. */
const tagFor = (before: string, redisKey: string): string => `{${numbersBehind(before)[hashSlot(redisKey)]}}`;

const numbers = new Map<string, Uint32Array>();

/** For each slot the first number that leads to it. Few applications have such keys, so it is made when needed. */
const numbersBehind = (before: string): Uint32Array => {
  // without a brace of its own, what stands before the tag is of no consequence
  const known = before.includes('{') ? before : '';
  const table = numbers.get(known) ?? makeNumbers(known);
  numbers.set(known, table);
  return table;
};

const makeNumbers = (before: string): Uint32Array => {
  const table = new Uint32Array(SLOT_COUNT);
  const found = new Set<number>();
  for (let number = 0; found.size < SLOT_COUNT; number++) {
    const slot = hashSlot(`${before}{${number}}`);
    if (!found.has(slot)) table[slot] = number;
    found.add(slot);
  }
  return table;
};
