import { isSessionKey, newSessionKey } from '../../../../lib/session/wire/session-key.js';

describe('Session keys', () => {
  const keys = Array.from({ length: 20_000 }, newSessionKey);

  it('S27 are 32 characters of a-z0-9, each another', () => {
    expect(keys.every((key) => /^[a-z0-9]{32}$/.test(key))).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('S27 are unbiased: each character is as likely as the others', () => {
    const counts = new Map<string, number>();
    for (const character of keys.join('')) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(36);
    const expected = (keys.length * 32) / 36;
    const chiSquare = [...counts.values()].reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    // 35 degrees of freedom: beyond 100 once in ten million runs; a plain remainder of a byte gives over 900.
    expect(chiSquare).toBeLessThan(100);
  });

  it.each([keys[0]!, 'a'.repeat(32), '0'.repeat(32)])('S25 %s may be one', (key) => {
    expect(isSessionKey(key)).toBe(true);
  });

  it.each([
    '',
    'a'.repeat(31),
    'a'.repeat(33),
    'A'.repeat(32),
    `${'a'.repeat(31)}-`,
    `${'a'.repeat(32)}\n`,
    '*',
  ])('S25 S26 %j may not', (key) => {
    expect(isSessionKey(key)).toBe(false);
  });
});
