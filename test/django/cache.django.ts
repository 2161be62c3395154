import { randomUUID } from 'node:crypto';
import { CacheKeyNotFoundError, type CacheService, SerializationError } from '../../lib/index.js';
import { BothSides } from './both-sides.js';

const VALUES: readonly [kind: string, value: unknown][] = [
  ['text', 'quotes " and \\, \u0000, \u2028'],
  ['text that is not ASCII', 'Grüezi, 你好, 🚲'],
  ['text that looks like a number', '42'],
  ['the empty text', ''],
  ['an integer', -42],
  ['the largest integer', Number.MAX_SAFE_INTEGER],
  ['a fraction', 0.1],
  ['a very large number', 1e300],
  ['true', true],
  ['false', false],
  ['null', null],
  ['a list', [1, 'a', null, [false, []]]],
  ['an object', { 'näme 🚲': { nested: [{ deep: true }] }, empty: {} }],
];

describe('the cache that Django shares with Nest', () => {
  let sides: BothSides;
  let cache: CacheService;
  let key: string;

  beforeAll(async () => {
    sides = await BothSides.start();
    ({ cache } = await sides.startNest());
  }, 60_000);

  afterAll(() => sides.stop());

  beforeEach(() => {
    key = `key-${randomUUID()}`;
  });

  const call: BothSides['call'] = (...args) => sides.call(...args);

  describe('values', () => {
    it.each(VALUES)('%s of Django is read here', async (_, value) => {
      await call('set', [key, value]);
      expect(await cache.get(key)).toEqual(value);
      expect(await cache.has(key)).toBe(true);
    });

    it.each(VALUES)('%s from here is read by Django', async (_, value) => {
      await cache.set(key, value);
      expect(await call('get', [key, 'a miss'])).toEqual(value);
    });

    it('an integer too large for a number is exact on both sides', async () => {
      const large = 2n ** 60n + 1n;
      await cache.set(key, large);
      expect(await call('incr', [key, 0])).toBe(Number(large));
      expect(await sides.redis.get(`shop:1:${key}`)).toBe(String(large));
      await call('incr', [key, 2]);
      expect(await cache.get(key)).toBe(large + 2n);
    });

    it.each(['plain', 'grüezi 🚲', 'with blanks and:colons'])(
      'stand under shop:1: in Redis: %s',
      async (name) => {
        await call('set', [name, 1]);
        await cache.set(`${name}!`, 2);
        expect(await sides.redis.mGet([`shop:1:${name}`, `shop:1:${name}!`])).toEqual(['1', '2']);
      },
    );

    it.each([
      ['a text', 'text'],
      ['an object', { a: [1] }],
    ])('%s that Django pickled is a SerializationError here', async (_, value) => {
      await sides.callPickling('set', [key, value]);
      await expect(cache.get(key)).rejects.toThrow(SerializationError);
    });
  });

  describe('versions and timeouts', () => {
    it('are versions of one entry on both sides', async () => {
      await call('set', [key, 'of Django'], { version: 2 });
      await cache.set(key, 'of Nest', { version: 3 });
      expect(await cache.get(key, undefined, { version: 2 })).toBe('of Django');
      expect(await call('get', [key], { version: 3 })).toBe('of Nest');
      expect(await cache.has(key)).toBe(false);
    });

    it('moves an entry here to the version that Django then finds', async () => {
      await call('set', [key, 'moved']);
      expect(await cache.incrVersion(key)).toBe(2);
      expect(await call('get', [key], { version: 2 })).toBe('moved');
      expect(await call('incr_version', [key], { version: 2 })).toBe(3);
      expect(await cache.get(key, undefined, { version: 3 })).toBe('moved');
    });

    it.each([
      ['the default timeout', undefined, 300],
      ['a timeout', 3600, 3600],
    ])('%s is seen on the other side', async (_, timeout, seconds) => {
      await call('set', [key, 1, ...(timeout === undefined ? [] : [timeout])]);
      const seenHere = await cache.ttl(key);
      await cache.set(key, 1, timeout);
      const seenThere = await call('ttl', [key]);
      for (const seen of [seenHere, seenThere]) {
        expect(seen).toBeGreaterThan(seconds / 2);
        expect(seen).toBeLessThanOrEqual(seconds);
      }
    });

    it('no timeout is seen on the other side', async () => {
      await call('set', [key, 1], { timeout: null });
      expect(await cache.ttl(key)).toBeNull();
      await cache.set(key, 1, 60);
      await cache.set(key, 1, null);
      expect(await call('ttl', [key])).toBeNull();
    });

    it('a timeout of 0 stores nothing on either side', async () => {
      await cache.set(key, 1);
      await call('set', [key, 2], { timeout: 0 });
      expect(await cache.has(key)).toBe(false);
      await call('set', [key, 1]);
      await cache.set(key, 2, 0);
      expect(await call('has_key', [key])).toBe(false);
    });

    it('touch of one side is seen on the other', async () => {
      await call('set', [key, 1], { timeout: 10 });
      expect(await cache.touch(key, null)).toBe(true);
      expect(await call('ttl', [key])).toBeNull();
      expect(await call('touch', [key, 600])).toBe(true);
      expect(await cache.ttl(key)).toBeGreaterThan(10);
    });
  });

  describe('counters', () => {
    it('are counted on by both sides, with their timeout', async () => {
      await call('set', [key, 40], { timeout: 600 });
      expect(await cache.incr(key)).toBe(41);
      expect(await call('incr', [key, 2])).toBe(43);
      expect(await cache.decr(key, 3)).toBe(40);
      expect(await call('decr', [key])).toBe(39);
      expect(await cache.ttl(key)).toBeGreaterThan(300);
    });

    it('are integers here, also of what Django stored as a float; Django counts fractions', async () => {
      const seven = `{"method":"set","args":["${key}",7.0],"kwargs":{}}`;
      await sides.visitor().sendText(sides.django, 'cache', seven);
      expect(await sides.redis.get(`shop:1:${key}`)).toBe('7.0');
      expect(await cache.get(key)).toBe(7);
      await expect(cache.incr(key)).rejects.toThrow(TypeError);
      await cache.set(key, 1.5);
      expect(await call('incr', [key])).toBe(2.5);
    });

    it.each([1, 2, 3])('lose none of the parallel increments of both sides (%d)', async () => {
      await cache.set(key, 0);
      const counts = await Promise.all(
        Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? cache.incr(key) : call('incr', [key]))),
      );
      expect(new Set(counts).size).toBe(60);
      expect(await call('get', [key])).toBe(60);
    });

    it('are not made by counting, on either side', async () => {
      await expect(cache.incr(key)).rejects.toThrow(CacheKeyNotFoundError);
      await expect(call('incr', [key])).rejects.toThrow('ValueError');
      expect(await cache.has(key)).toBe(false);
    });

    it('go on in Django where they get too large to be exact here', async () => {
      await cache.set(key, Number.MAX_SAFE_INTEGER);
      await expect(cache.incr(key)).rejects.toThrow(RangeError);
      await call('incr', [key]);
      expect(await cache.get(key)).toBe(2n ** 53n);
    });
  });

  describe('several at once', () => {
    it('add() of one of many stores, whichever side it is', async () => {
      const added = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? cache.add(key, n) : call('add', [key, n]))),
      );
      const winners = added.flatMap((isAdded, n) => (isAdded === true ? [n] : []));
      expect(winners).toEqual([await cache.get(key)]);
      expect(await call('get', [key])).toBe(winners[0]);
    });

    it('getOrSet() and get_or_set() find what the other side has stored', async () => {
      await call('set', [key, 'of Django']);
      expect(await cache.getOrSet(key, () => 'of Nest')).toBe('of Django');
      await cache.set(key, 'of Nest');
      expect(await call('get_or_set', [key, 'of Django'])).toBe('of Nest');
    });

    it('set_many() and setMany() are read by getMany() and get_many()', async () => {
      const [one, two] = [`${key}:1`, `${key}:2`];
      await call('set_many', [{ [one]: [1], [two]: 'zwei' }]);
      expect(await cache.getMany([one, two, key])).toEqual(
        new Map<string, unknown>([
          [one, [1]],
          [two, 'zwei'],
        ]),
      );
      await cache.setMany({ [one]: 'eins', [two]: null });
      expect(await call('get_many', [[one, two, key]])).toEqual({ [one]: 'eins', [two]: null });
    });

    it('delete_many() and deleteMany() delete what the other side has stored', async () => {
      const keys = [`${key}:1`, `${key}:2`];
      await cache.setMany(keys.map((each) => [each, 1] as const));
      expect(await call('delete_many', [keys])).toBe(2);
      expect((await cache.getMany(keys)).size).toBe(0);
      await call('set_many', [Object.fromEntries(keys.map((each) => [each, 1]))]);
      expect(await cache.deleteMany(keys)).toBe(2);
      expect(await call('get_many', [keys])).toEqual({});
    });

    it('delete_pattern() and deletePattern() delete what matches, and leave the session', async () => {
      const visitor = await sides.visitorOf(sides.django, { a: 1 });
      await cache.setMany({ [`${key}:1`]: 1, [`${key}:2`]: 2 });
      await cache.set(key, 'not matched');
      expect(await call('delete_pattern', [`${key}:*`])).toBe(2);
      await call('set_many', [{ [`${key}:1`]: 1, [`${key}:2`]: 2 }]);
      expect(await cache.deletePattern(`${key}:*`)).toBe(2);
      expect(await call('get', [key])).toBe('not matched');
      expect(await visitor.reads(sides.django)).toEqual({ a: 1 });
    });
  });
});
