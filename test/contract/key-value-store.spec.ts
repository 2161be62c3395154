import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('KeyValueStore', (context) => {
  const key = (name = 'k'): string => `${context.prefix}:${name}`;

  describe('get, set, has', () => {
    it('gives null for a key that is not there', async () => {
      expect(await context.store.get(key())).toBeNull();
      expect(await context.store.has(key())).toBe(false);
    });

    it.each(['', '0', 'text', '{"a":1}', 'ünï ☃ 😀', '\0\r\n\t"\\'])(
      'gives back what was stored: %j',
      async (value) => {
        await context.store.set(key(), value, null);
        expect(await context.store.get(key())).toBe(value);
        expect(await context.store.has(key())).toBe(true);
      },
    );

    it('takes any key', async () => {
      const keys = [' ', 'a b', 'ünï ☃ 😀', '\0\r\n', '*?[a]\\', 'x'.repeat(1000)].map(key);
      for (const name of keys) await context.store.set(name, name, null);
      expect(await context.store.getMany(keys)).toEqual(keys);
    });

    it('replaces the value and the expiry', async () => {
      await context.store.set(key(), 'a', 1000);
      await context.store.set(key(), 'b', null);
      expect(await context.store.get(key())).toBe('b');
      expect(await context.store.remaining(key())).toBeNull();
      await context.store.set(key(), 'c', 1000);
      expect(await context.store.remaining(key())).toBeGreaterThan(0);
    });

    it('is shared by every client of the place', async () => {
      await context.store.set(key(), 'a', null);
      expect(await context.other.get(key())).toBe('a');
    });
  });

  describe('expiry', () => {
    it('ends an entry after its ttl and not before', async () => {
      await context.store.set(key(), 'a', 60_000);
      await context.elapseRedisKey(key(), 50_000);
      expect(await context.store.get(key())).toBe('a');
      await context.elapseRedisKey(key(), 10_000);
      expect(await context.store.get(key())).toBeNull();
      expect(await context.store.getMany([key()])).toEqual([null]);
      expect(await context.store.has(key())).toBe(false);
      expect(await context.store.remaining(key())).toBeUndefined();
      expect(await context.store.delete(key())).toBe(false);
      expect(await context.store.expire(key(), 1000)).toBe(false);
    });

    it('says what is left, in milliseconds', async () => {
      await context.store.set(key(), 'a', 60_000);
      const left = await context.store.remaining(key());
      expect(left).toBeGreaterThan(50_000);
      expect(left).toBeLessThanOrEqual(60_000);
      expect(await context.store.remaining(key('missing'))).toBeUndefined();
    });

    it('takes a ttl with a fraction', async () => {
      await context.store.set(key(), 'a', 59_999.5);
      expect(await context.store.remaining(key())).toBeGreaterThan(50_000);
      expect(await context.store.expire(key(), 49_999.5)).toBe(true);
      expect(await context.store.remaining(key())).toBeLessThanOrEqual(50_000);
      await context.store.setMany([[key('b'), 'b']], 59_999.5);
      expect(await context.store.remaining(key('b'))).toBeGreaterThan(50_000);
    });

    it('takes the longest ttl of a cache', async () => {
      await context.store.set(key(), 'a', Number.MAX_SAFE_INTEGER);
      expect(await context.store.get(key())).toBe('a');
      expect(await context.store.expire(key(), Number.MAX_SAFE_INTEGER)).toBe(true);
    });

    it('expire changes the ttl of what is there, whether it had one or not', async () => {
      await context.store.set(key(), 'a', null);
      expect(await context.store.expire(key(), 60_000)).toBe(true);
      expect(await context.store.remaining(key())).toBeGreaterThan(50_000);
      expect(await context.store.expire(key(), null)).toBe(true);
      expect(await context.store.remaining(key())).toBeNull();
      expect(await context.store.expire(key(), null)).toBe(true);
      expect(await context.store.get(key())).toBe('a');
    });

    it('expire creates nothing', async () => {
      expect(await context.store.expire(key(), 60_000)).toBe(false);
      expect(await context.store.expire(key(), null)).toBe(false);
      expect(await context.store.has(key())).toBe(false);
    });
  });

  describe('setIfAbsent, setIfAbsentOrGet', () => {
    it('stores where nothing is, with the ttl', async () => {
      expect(await context.store.setIfAbsent(key('a'), '1', 60_000)).toBe(true);
      expect(await context.store.setIfAbsentOrGet(key('b'), '2', 60_000)).toBeNull();
      expect(await context.store.setIfAbsent(key('c'), '3', null)).toBe(true);
      expect(await context.store.getMany([key('a'), key('b'), key('c')])).toEqual(['1', '2', '3']);
      expect(await context.store.remaining(key('a'))).toBeGreaterThan(50_000);
      expect(await context.store.remaining(key('b'))).toBeGreaterThan(50_000);
      expect(await context.store.remaining(key('c'))).toBeNull();
    });

    it('leaves what stands there, and its ttl', async () => {
      await context.store.set(key(), 'old', null);
      expect(await context.store.setIfAbsent(key(), 'new', 60_000)).toBe(false);
      expect(await context.store.setIfAbsentOrGet(key(), 'new', 60_000)).toBe('old');
      expect(await context.store.get(key())).toBe('old');
      expect(await context.store.remaining(key())).toBeNull();
    });

    it('tells an empty text from nothing', async () => {
      await context.store.set(key(), '', null);
      expect(await context.store.setIfAbsentOrGet(key(), 'new', null)).toBe('');
    });

    it('stores where an entry has expired', async () => {
      await context.store.set(key(), 'old', 60_000);
      await context.elapseRedisKey(key(), 60_000);
      expect(await context.store.setIfAbsent(key(), 'new', null)).toBe(true);
    });

    it('lets exactly one of many win', async () => {
      const won = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          (i % 2 ? context.store : context.other).setIfAbsent(key(), String(i), null),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await context.store.get(key())).toBe(String(won.indexOf(true)));
    });
  });

  describe('compareAndSet, compareAndDelete', () => {
    it('replaces what was expected, with the new ttl', async () => {
      await context.store.set(key(), 'a', null);
      expect(await context.store.compareAndSet(key(), 'a', 'b', 60_000)).toEqual({ outcome: 'done' });
      expect(await context.store.get(key())).toBe('b');
      expect(await context.store.remaining(key())).toBeGreaterThan(50_000);
      expect(await context.store.compareAndSet(key(), 'b', 'c', null)).toEqual({ outcome: 'done' });
      expect(await context.store.remaining(key())).toBeNull();
    });

    it.each(['b', '', '1', '0', 'ünï'])('says what stands there instead: %j', async (current) => {
      await context.store.set(key(), current, null);
      const changed = { outcome: 'changed', current };
      expect(await context.store.compareAndSet(key(), 'a', 'x', 60_000)).toEqual(changed);
      expect(await context.store.compareAndDelete(key(), 'a')).toEqual(changed);
      expect(await context.store.get(key())).toBe(current);
      expect(await context.store.remaining(key())).toBeNull();
    });

    it('creates nothing', async () => {
      expect(await context.store.compareAndSet(key(), 'a', 'b', null)).toEqual({ outcome: 'missing' });
      expect(await context.store.compareAndDelete(key(), 'a')).toEqual({ outcome: 'missing' });
      expect(await context.store.has(key())).toBe(false);
    });

    it('deletes what was expected', async () => {
      await context.store.set(key(), 'a', null);
      expect(await context.store.compareAndDelete(key(), 'a')).toEqual({ outcome: 'done' });
      expect(await context.store.has(key())).toBe(false);
    });

    it('lets exactly one of many win', async () => {
      await context.store.set(key(), 'a', null);
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          (i % 2 ? context.store : context.other).compareAndSet(key(), 'a', `b${i}`, null),
        ),
      );
      expect(outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
    });
  });

  describe('delete, deleteMany', () => {
    it('says whether there was one', async () => {
      await context.store.set(key(), 'a', null);
      expect(await context.store.delete(key())).toBe(true);
      expect(await context.store.delete(key())).toBe(false);
    });

    it('says how many there were', async () => {
      await context.store.setMany([[key('a'), '1'], [key('b'), '2'], [key('c'), '3']], null); // prettier-ignore
      expect(await context.store.deleteMany([key('a'), key('b'), key('b'), key('missing')])).toBe(2);
      expect(await context.store.has(key('c'))).toBe(true);
      expect(await context.store.deleteMany([])).toBe(0);
    });
  });

  describe('getMany, setMany', () => {
    it('answers in the order of the keys', async () => {
      await context.store.setMany([[key('a'), '1'], [key('b'), '2']], 60_000); // prettier-ignore
      expect(await context.store.getMany(['b', 'missing', 'a', 'b'].map(key))).toEqual(['2', null, '1', '2']);
      expect(await context.store.remaining(key('a'))).toBeGreaterThan(50_000);
      expect(await context.store.getMany([])).toEqual([]);
    });

    it('replaces value and expiry', async () => {
      await context.store.set(key('a'), 'old', 1000);
      await context.store.setMany([[key('a'), 'new']], null);
      expect(await context.store.get(key('a'))).toBe('new');
      expect(await context.store.remaining(key('a'))).toBeNull();
      await context.store.setMany([], null);
    });

    it.each([1, 3000])('holds for 300 values of %d characters', async (length) => {
      const entries = Array.from(
        { length: 300 },
        (_, i) => [key(`n${i}`), String(i % 10).repeat(length)] as const,
      );
      await context.store.setMany(entries, 60_000);
      expect(await context.store.getMany(entries.map(([name]) => name))).toEqual(
        entries.map(([, value]) => value),
      );
      expect(await context.store.deleteMany(entries.map(([name]) => name))).toBe(300);
    });
  });

  describe('rename', () => {
    it('moves an entry with what is left of its ttl, over what stands there', async () => {
      await context.store.setMany([[key('a'), '1'], [key('b'), '2']], null); // prettier-ignore
      await context.store.expire(key('a'), 60_000);
      expect(await context.store.rename(key('a'), key('b'))).toBe(true);
      expect(await context.store.getMany([key('a'), key('b')])).toEqual([null, '1']);
      expect(await context.store.remaining(key('b'))).toBeGreaterThan(50_000);
      expect(await context.store.expire(key('b'), null)).toBe(true);
      expect(await context.store.rename(key('b'), key('c'))).toBe(true);
      expect(await context.store.remaining(key('c'))).toBeNull();
    });

    it('leaves the target alone when there is nothing to move', async () => {
      await context.store.set(key('b'), '2', null);
      expect(await context.store.rename(key('a'), key('b'))).toBe(false);
      expect(await context.store.get(key('b'))).toBe('2');
    });
  });
});
