import fc from 'fast-check';
import { globMatcher } from '../../../lib/common/glob.js';
import { companionGlobs, companionKey, entryOfCompanion } from '../../../lib/store/companion-key.js';
import { hashSlot } from '../../../lib/store/hash-slot.js';

const text = (letters: string, minLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...Array.from(letters)), { minLength, maxLength: 12 })
    .map((parts) => parts.join(''));

const prefix = fc.oneof(
  text('ab:-ü}', 1),
  fc.constantFrom('{', 'a{b', '{a}', 'a{b}c', '{}', 'a{}b', '}{', '{{a}}', 'a{}{b}', '{1}'),
);
const redisKey = text('ab{}:1🙂', 1);

describe('companionKey', () => {
  it.each([
    ['shop', 'shop:1:user:42', 'shop:grace:{shop:1:user:42}'],
    ['shop', 'shop:1:user{42', 'shop:grace:{shop:1:user{42}'],
    ['shop', 'shop:1:{user}:42', 'shop:grace:shop:1:{user}:42'],
    ['{shop}', '{shop}:1:user', '{shop}:grace:{shop}:1:user'],
    ['', ':1:user', ':grace:{:1:user}'],
  ])('names that of an entry with the prefix %j: %j', (before, key, companion) => {
    expect(companionKey(before, 'grace', key)).toBe(companion);
  });

  it('lies in the slot of its entry, whatever the braces of either', () => {
    fc.assert(
      fc.property(prefix, redisKey, (before, key) => {
        expect(hashSlot(companionKey(before, 'trace', key))).toBe(hashSlot(key));
      }),
      { numRuns: 3000 },
    );
  });

  it('never is that of another key', () => {
    fc.assert(
      fc.property(prefix, fc.uniqueArray(redisKey, { minLength: 2, maxLength: 20 }), (before, keys) => {
        // keys that differ by what a companion adds are the likeliest to meet
        const likely = keys.flatMap((key) => [key, `{${key}}`, companionKey(before, 'trace', key)]);
        const all = [...new Set([...likely, ...likely.map((key) => key.replace(`${before}:trace:`, ''))])];
        const named = all.filter((key) => key !== '');
        expect(new Set(named.map((key) => companionKey(before, 'trace', key))).size).toBe(named.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('begins with its prefix and word, so that a walk finds it, also where the prefix has a brace', () => {
    const usual = fc.oneof(text('ab:-ü', 1), text('ab{', 1), fc.constant('{shop}'));
    fc.assert(
      fc.property(usual, redisKey, (before, rest) => {
        expect(companionKey(before, 'trace', `${before}:${rest}`).startsWith(`${before}:trace:`)).toBe(true);
      }),
    );
  });

  it('names its entry', () => {
    fc.assert(
      fc.property(prefix, redisKey, (before, key) => {
        expect(entryOfCompanion(before, 'grace', companionKey(before, 'grace', key))).toBe(key);
      }),
      { numRuns: 3000 },
    );
  });

  it('an entry, or a companion of another kind or prefix, is none', () => {
    fc.assert(
      fc.property(prefix, redisKey, (before, key) => {
        for (const other of [key, `${before}:1:${key}`, companionKey(before, 'lease', key)])
          expect(entryOfCompanion(before, 'grace', other)).toBeUndefined();
        for (const like of [`${before}:grace:${key}`, `{7}:${before}:grace:${key}`]) {
          const entry = entryOfCompanion(before, 'grace', like);
          if (entry !== undefined) expect(companionKey(before, 'grace', entry)).toBe(like);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is found by the globs of its word, alone or among others, with those of its entry', () => {
    const glob = fc.constantFrom('*', '*a*', '?*', '*[ab', '*[^c]*', '*\\');
    const words = fc.constantFrom<[string, ...string[]][]>(
      ['grace'],
      ['grace', 'lease'],
      ['tokens', 'grace'],
    );
    fc.assert(
      fc.property(prefix, redisKey, glob, words, (before, key, entries, among) => {
        fc.pre(globMatcher(entries)(key));
        const companion = companionKey(before, 'grace', key);
        const globs = companionGlobs(before, among, entries);
        expect(globs.some((each) => globMatcher(each)(companion))).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(companionGlobs('shop', ['grace'], 'shop:1:user:*')).toEqual(['shop:grace:*shop:1:user:**']);
    expect(companionGlobs('shop', ['grace', 'lease'], '*')).toEqual(['shop:[gl]*:***']);
  });
});
