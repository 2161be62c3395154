import { CacheKeyNotFoundError } from '../../lib/errors/cache-key-not-found.error.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

const LARGEST = Number.MAX_SAFE_INTEGER;

describeCacheOnEveryStore('Cache, incr and decr', (context) => {
  it('C36 counts up, and get agrees', async () => {
    await context.cache.set('k', 41);
    expect(await context.cache.incr('k')).toBe(42);
    expect(await context.cache.get('k')).toBe(42);
    expect(await context.cache.incr('k', 10)).toBe(52);
    expect(await context.cache.incr('k', -10)).toBe(42);
    expect(await context.cache.incr('k', 0)).toBe(42);
    expect(await context.cache.get('k')).toBe(42);
  });

  it('C37 counts down, below 0 too', async () => {
    await context.cache.set('k', 43);
    expect(await context.cache.decr('k')).toBe(42);
    expect(await context.cache.decr('k', 10)).toBe(32);
    expect(await context.cache.decr('k', -10)).toBe(42);
    expect(await context.cache.decr('k', 50)).toBe(-8);
    expect(await context.cache.get('k')).toBe(-8);
  });

  it('C38 a missing key is an error and is not created', async () => {
    await expect(context.cache.incr('k')).rejects.toThrow(CacheKeyNotFoundError);
    await expect(context.cache.decr('k')).rejects.toThrow(CacheKeyNotFoundError);
    await expect(context.cache.incr('k')).rejects.toMatchObject({
      key: 'k',
      code: 'CODEX_REDIS_CACHE_KEY_NOT_FOUND',
    });
    expect(await context.redisKeys()).toEqual([]);
  });

  it.each([null])('C39 a stored %j is no integer', async (value) => {
    await context.cache.set('k', value);
    await expect(context.cache.incr('k')).rejects.toThrow(TypeError);
    await expect(context.cache.decr('k')).rejects.toThrow(TypeError);
    expect(await context.cache.get('k')).toBeNull();
  });

  it.each(['5', 'abc', '', 1.5, true, false, [1], { a: 1 }])(
    'C40 a stored %j is no integer',
    async (value) => {
      await context.cache.set('k', value);
      await expect(context.cache.incr('k')).rejects.toThrow(TypeError);
      await expect(context.cache.decr('k', 2)).rejects.toThrow(TypeError);
      expect(await context.cache.get('k')).toEqual(value);
    },
  );

  it('C41 the ttl stays', async () => {
    await context.cache.set('k', 1, 60);
    await context.cache.incr('k');
    const left = await context.cache.ttl('k');
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(60);
    await context.cache.set('k', 1, null);
    await context.cache.decr('k');
    expect(await context.cache.ttl('k')).toBeNull();
  });

  it('C42 an expired key is not created again', async () => {
    await context.cache.set('k', 1, 60);
    await context.elapse('k', 60);
    await expect(context.cache.incr('k')).rejects.toThrow(CacheKeyNotFoundError);
    expect(await context.store.has(context.redisKey('k'))).toBe(false);
  });

  it('C42 nor is one that is deleted meanwhile', async () => {
    const theirs = context.open({}, context.other);
    for (let round = 0; round < 50; round++) {
      await context.cache.set('k', 1);
      await Promise.allSettled([
        theirs.incr('k'),
        context.cache.delete('k'),
        theirs.incr('k'),
        theirs.decr('k'),
      ]);
      expect(await context.cache.has('k')).toBe(false);
    }
  });

  it('C43 100 concurrent calls give the exact sum', async () => {
    const theirs = context.open({}, context.other);
    await context.cache.set('k', 0);
    const counts = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 ? context.cache : theirs).incr('k')),
    );
    expect(await context.cache.get('k')).toBe(100);
    expect(new Set(counts).size).toBe(100);
    await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? context.cache : theirs).decr('k', 2)));
    expect(await context.cache.get('k')).toBe(-100);
  });

  it('C44 a result beyond ±(2^53 − 1) is refused, not rounded', async () => {
    await context.cache.set('k', LARGEST - 1);
    expect(await context.cache.incr('k')).toBe(LARGEST);
    await expect(context.cache.incr('k')).rejects.toThrow(RangeError);
    await expect(context.cache.incr('k', LARGEST)).rejects.toThrow(RangeError);
    expect(await context.cache.get('k')).toBe(LARGEST);
    await context.cache.set('k', -LARGEST);
    await expect(context.cache.decr('k')).rejects.toThrow(RangeError);
    expect(await context.cache.get('k')).toBe(-LARGEST);
    expect(await context.cache.incr('k', LARGEST)).toBe(0);
  });

  it.each([
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '123456789012345678901234567890',
  ])("C44 another writer's %s is refused and stays", async (text) => {
    await context.store.set(context.redisKey('k'), text, null);
    await expect(context.cache.incr('k')).rejects.toThrow(RangeError);
    await expect(context.cache.decr('k')).rejects.toThrow(RangeError);
    expect(await context.store.get(context.redisKey('k'))).toBe(text);
  });

  it('C45 the version is honoured', async () => {
    await context.cache.set('k', 1);
    await context.cache.set('k', 10, { version: 2 });
    expect(await context.cache.incr('k', 1, { version: 2 })).toBe(11);
    expect(await context.cache.decr('k', 2, { version: 2 })).toBe(9);
    expect(await context.cache.get('k')).toBe(1);
    await expect(context.cache.incr('k', 1, { version: 3 })).rejects.toThrow(CacheKeyNotFoundError);
  });

  it.each([1.5, NaN, Infinity, '1', null, 1n, {}, true])('C46 %p is no delta', async (given) => {
    const delta = given as number;
    await context.cache.set('k', 1);
    await expect(context.cache.incr('k', delta)).rejects.toThrow(/^delta: expected an integer/);
    await expect(context.cache.decr('k', delta)).rejects.toThrow(TypeError);
    await expect(context.cache.incr('missing', delta)).rejects.toThrow(TypeError);
    expect(await context.cache.get('k')).toBe(1);
  });

  it.each([2 ** 53, -(2 ** 53), 1e300])('C44 a delta of %d is refused', async (delta) => {
    await context.cache.set('k', 1);
    await expect(context.cache.incr('k', delta)).rejects.toThrow(RangeError);
    expect(await context.cache.get('k')).toBe(1);
  });
});
