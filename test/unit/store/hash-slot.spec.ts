import { hashSlot, SLOT_COUNT } from '../../../lib/store/hash-slot.js';

describe('hashSlot', () => {
  // What CLUSTER KEYSLOT of Redis 7.0.15 answers.
  it.each([
    ['123456789', 12739],
    ['', 0],
    ['user:1', 10778],
    ['{user}:1', 5474],
    ['a{user}b{other}', 5474],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['{', 4092],
    ['}{', 12793],
    ['ключ', 10303],
    ['{größe}:1', 9425],
    ['🙂', 6396],
  ])('gives %j the slot %i', (key, slot) => {
    expect(hashSlot(key)).toBe(slot);
  });

  it('stays within the slots of a cluster', () => {
    for (let n = 0; n < 1000; n++) {
      const slot = hashSlot(`key:${n}`);
      expect(slot).toBeGreaterThanOrEqual(0);
      expect(slot).toBeLessThan(SLOT_COUNT);
    }
  });
});
