import fc from 'fast-check';
import { companionKey } from '../../../lib/store/companion-key.js';
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
});
