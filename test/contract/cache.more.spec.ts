import { escapeGlob } from '../../lib/common/glob.js';
import { runInNewContext } from 'node:vm';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { describeCacheOnEveryStore, StoreContext } from '../support/store-suite.js';
import { stores } from '../support/stores.js';

describeCacheOnEveryStore('Cache, more', (context) => {
  const keys = async (pattern?: string, options?: { version: number }): Promise<string[]> => {
    const found = new Set<string>();
    for await (const key of context.cache.keys(pattern, options)) found.add(key);
    return [...found].sort();
  };

  it('X1 ttl is seconds with a fraction', async () => {
    await context.cache.set('k', 1, 59.5);
    const left = await context.cache.ttl('k');
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(59.5);
    await context.cache.set('k', 1, 0.75);
    expect(await context.cache.ttl('k')).toBeLessThanOrEqual(0.75);
  });

  it('X1 ttl is null forever and undefined when missing', async () => {
    await context.cache.set('k', 1, null);
    expect(await context.cache.ttl('k')).toBeNull();
    expect(await context.cache.ttl('missing')).toBeUndefined();
  });

  it('X2 persist answers by existence', async () => {
    await context.cache.set('k', 1, 60);
    expect(await context.cache.persist('k')).toBe(true);
    expect(await context.cache.ttl('k')).toBeNull();
    expect(await context.cache.persist('k')).toBe(true);
    expect(await context.cache.persist('missing')).toBe(false);
    expect(await context.cache.get('k')).toBe(1);
  });

  it('X2 expire answers by existence', async () => {
    await context.cache.set('k', 1, null);
    expect(await context.cache.expire('k', 60)).toBe(true);
    expect(await context.cache.ttl('k')).toBeLessThanOrEqual(60);
    expect(await context.cache.expire('k', null)).toBe(true);
    expect(await context.cache.ttl('k')).toBeNull();
    expect(await context.cache.expire('k', 0)).toBe(true);
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.expire('k', 60)).toBe(false);
    await expect(context.cache.expire('k', undefined as never)).rejects.toThrow(TypeError);
  });

  it('X2 expireAt answers by existence', async () => {
    await context.cache.set('k', 1, null);
    expect(await context.cache.expireAt('k', context.inFuture(60_000))).toBe(true);
    const left = await context.cache.ttl('k');
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(61);
    expect(await context.cache.get('k')).toBe(1);
    expect(await context.cache.expireAt('k', context.inFuture(-1))).toBe(true);
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.expireAt('k', context.inFuture(60_000))).toBe(false);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('X2 expireAt takes a Date of another realm', async () => {
    await context.cache.set('k', 1, null);
    const date = runInNewContext(`new Date(${context.inFuture(60_000).getTime()})`) as Date;
    expect(await context.cache.expireAt('k', date)).toBe(true);
    expect(await context.cache.ttl('k')).toBeLessThanOrEqual(61);
  });

  it.each([new Date(NaN), 60, '2030-01-01', null, undefined, {}])('X2 expireAt refuses %p', async (date) => {
    await context.cache.set('k', 1, null);
    await expect(context.cache.expireAt('k', date as Date)).rejects.toThrow(/^date: expected a valid Date/);
    expect(await context.cache.ttl('k')).toBeNull();
  });

  it('X5 keys gives the keys without their prefix, as an async iterator', async () => {
    await context.cache.setMany({ 'user:1': 1, 'user:2': 1, other: 1, '*': 1 });
    expect(await keys()).toEqual(['*', 'other', 'user:1', 'user:2']);
    expect(await keys('user:*')).toEqual(['user:1', 'user:2']);
    expect(await keys('user:?')).toEqual(['user:1', 'user:2']);
    expect(await keys('user:[^1]')).toEqual(['user:2']);
    expect(await keys('\\*')).toEqual(['*']);
    expect(await keys('nothing')).toEqual([]);
    await context.store.set(context.redisKey(''), '1', null);
    expect(await keys()).toEqual(['*', 'other', 'user:1', 'user:2']);
    const iterator = context.cache.keys();
    expect((await iterator.next()).done).toBe(false);
    await iterator.return();
  });

  it('X5 keys escapes the prefix and honours the version', async () => {
    const cache = context.open({ keyPrefix: `${context.prefix}*` });
    await context.cache.set('mine', 1);
    await context.open({ keyPrefix: `${context.prefix}-longer` }).set('theirs', 1);
    await cache.set('a', 1);
    const found: string[] = [];
    for await (const key of cache.keys()) found.push(key);
    expect(found).toEqual(['a']);
    await context.cache.set('two', 1, { version: 2 });
    await context.cache.set('twenty', 1, { version: 20 });
    expect(await keys('*', { version: 2 })).toEqual(['two']);
    expect(await keys()).toEqual(['mine']);
  });

  it('X5 keys finds 2,500', async () => {
    const names = Array.from({ length: 2500 }, (_, i) => `k${i}`);
    await context.cache.setMany(names.map((name) => [name, 1] as const));
    expect(await keys()).toEqual([...names].sort());
  });

  it('SX13 a pattern has at most 1,024 code points', async () => {
    await context.cache.set('a', 1);
    const longest = '😀'.repeat(1023);
    expect(await context.cache.deletePattern(`${longest}*`)).toBe(0);
    await expect(context.cache.deletePattern(`${longest}a*`)).rejects.toThrow(
      /^pattern: expected at most 1024/,
    );
    await expect(keys(`${longest}a*`)).rejects.toThrow(RangeError);
    expect(await context.cache.has('a')).toBe(true);
  });

  it('SX13 an escaped text of a visitor reaches nothing else', async () => {
    await context.cache.setMany({ 'user:*:a': 1, 'user:1:a': 1, 'user:[1]:a': 1 });
    expect(await context.cache.deletePattern(`user:${escapeGlob('*')}:*`)).toBe(1);
    expect(await context.cache.deletePattern(`user:${escapeGlob('[1]')}:*`)).toBe(1);
    expect(await context.cache.has('user:1:a')).toBe(true);
  });

  it('X6 deletePattern deletes what matches and says how many', async () => {
    await context.cache.setMany({ 'user:1': 1, 'user:2': 1, other: 1 });
    expect(await context.cache.deletePattern('user:*')).toBe(2);
    expect(await keys()).toEqual(['other']);
    expect(await context.cache.deletePattern('user:*')).toBe(0);
  });

  it('X6 * never leaves the version, the prefix or the cache', async () => {
    const neighbours = [
      `${context.prefix}:2:k`,
      `${context.prefix}:11:k`,
      `${context.prefix}:session:k`,
      `${context.prefix}2:1:k`,
      `${context.prefix}:1`,
    ];
    await context.store.setMany(
      neighbours.map((key) => [key, '1'] as const),
      null,
    );
    await context.cache.setMany({ a: 1, 'b:c': 2 });
    expect(await context.cache.deletePattern('*')).toBe(2);
    expect(await context.redisKeys()).toEqual([...neighbours].sort());
    expect(await context.cache.deletePattern('*', { version: 2 })).toBe(1);
  });

  it('X6 a custom key pattern that matches too much is held to the version and the pattern', async () => {
    const keyFunction = (key: string, prefix: string, version: number): string =>
      `${prefix}/${version}/${key}`;
    const keyPattern = {
      glob: (_pattern: string, prefix: string) => `${prefix}*`,
      parse: (redisKey: string) => {
        const [, version, key] = redisKey.split('/');
        return key === undefined ? undefined : { key, version: Number(version) };
      },
    };
    const cache = context.open({ keyFunction, keyPattern });
    await cache.setMany({ a: 1, b: 1 });
    await cache.set('a', 1, { version: 2 });
    await context.cache.set('a', 1);
    expect(await cache.deletePattern('a')).toBe(1);
    expect(await context.redisKeys()).toHaveLength(3);
    expect(await cache.clear()).toBe(2);
    expect(await context.cache.has('a')).toBe(true);
  });

  it.each(['', undefined, null, 5, 'a\ud800'])('X6 %p is no pattern', async (given) => {
    await context.cache.set('k', 1);
    await expect(context.cache.deletePattern(given as string)).rejects.toThrow(
      /^pattern: expected a non-empty string/,
    );
    if (given !== undefined)
      await expect(context.cache.keys(given as string).next()).rejects.toThrow(TypeError);
    expect(await context.cache.has('k')).toBe(true);
  });
});

describe.each(stores)('Cache, closed ($name)', ({ open }) => {
  it('C89 every call rejects and none answers as if nothing were there', async () => {
    const opened = await open();
    const context = new StoreContext();
    context.begin(opened);
    const { cache } = context;
    await opened.store.close();
    for (const call of [
      () => cache.get('k', 'default'),
      () => cache.getMany(['k']),
      () => cache.has('k'),
      () => cache.set('k', 1),
      () => cache.add('k', 1),
      () => cache.delete('k'),
      () => cache.incr('k'),
      () => cache.getOrSet('k', () => 1),
      () => cache.clear(),
      () => cache.keys().next(),
    ])
      await expect(call()).rejects.toThrow(RedisConnectionError);
    await opened.close();
  });
});
