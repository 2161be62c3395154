import { CacheKeyNotFoundError } from '../../lib/errors/cache-key-not-found.error.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

describeCacheOnEveryStore('Cache, keys and versions', (context) => {
  it('C72 the Redis key is {keyPrefix}:{version}:{key}', async () => {
    await context.cache.set('user:42:name', 'Ann');
    await context.cache.set('k', 1, { version: 0 });
    expect(await context.redisKeys()).toEqual([`${context.prefix}:0:k`, `${context.prefix}:1:user:42:name`]);
    expect(await context.store.get(`${context.prefix}:1:user:42:name`)).toBe('"Ann"');
  });

  it('C72 an empty prefix gives :1:k', async () => {
    const cache = context.open({ keyPrefix: '' });
    await cache.set(context.prefix, 1);
    expect(await context.store.get(`:1:${context.prefix}`)).toBe('1');
    await cache.delete(context.prefix);
    expect(await context.store.has(`:1:${context.prefix}`)).toBe(false);
  });

  it('C72 version 0 is a version', async () => {
    const cache = context.open({ version: 0 });
    await cache.set('k', 'zero');
    expect(await context.store.has(context.redisKey('k', 0))).toBe(true);
    expect(await context.cache.get('k', 'other', { version: 0 })).toBe('zero');
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.incrVersion('k', 1, { version: 0 })).toBe(1);
    expect(await context.cache.get('k')).toBe('zero');
  });

  it.each([-1, 1.5, NaN, Infinity, '2', null, 2n, {}])('C72 %p is no version', async (given) => {
    const options = { version: given as number };
    for (const call of [
      () => context.cache.get('k', undefined, options),
      () => context.cache.set('k', 1, options),
      () => context.cache.add('k', 1, options),
      () => context.cache.delete('k', options),
      () => context.cache.setMany({ k: 1 }, options),
      () => context.cache.keys('*', options).next(),
      () => context.cache.deletePattern('*', options),
      () => context.cache.incrVersion('k', 1, options),
    ])
      await expect(call()).rejects.toThrow(/^version: expected an integer from 0/);
    expect(await context.redisKeys()).toEqual([]);
  });

  it.each([
    'x'.repeat(251),
    'x'.repeat(5000),
    'a b',
    'a\nb\0c\x7f',
    '\u2028',
    'ключ 🔑',
    '*?[a]\\',
    ':',
    '__proto__',
  ])('C74 %j is a key', async (key) => {
    await context.cache.set(key, 1);
    expect(await context.cache.get(key)).toBe(1);
    expect(await context.cache.getMany([key])).toEqual(new Map([[key, 1]]));
    expect(await context.cache.delete(key)).toBe(true);
  });

  it.each(['', 'a\ud800', '\udc00', '\udc00\ud800', undefined, null, 5, {}, ['k'], Symbol('k')])(
    'C74 %p is no key',
    async (given) => {
      const key = given as string;
      for (const call of [
        () => context.cache.get(key),
        () => context.cache.set(key, 1),
        () => context.cache.add(key, 1),
        () => context.cache.delete(key),
        () => context.cache.has(key),
        () => context.cache.touch(key),
        () => context.cache.ttl(key),
        () => context.cache.persist(key),
        () => context.cache.expire(key, 1),
        () => context.cache.expireAt(key, new Date()),
        () => context.cache.incr(key),
        () => context.cache.incrVersion(key),
        () => context.cache.getMany(['k', key]),
        () => context.cache.deleteMany(['k', key]),
        () => context.cache.getOrSet(key, () => 1),
      ])
        await expect(call()).rejects.toThrow(TypeError);
      expect(await context.redisKeys()).toEqual([]);
    },
  );

  it('C76 every operation honours the version', async () => {
    const { cache } = context;
    const two = { version: 2 };
    await cache.set('k', 'one');
    await cache.set('k', 'two', { version: 2, timeout: 60 });
    expect(await cache.get('k', undefined, two)).toBe('two');
    expect(await cache.getMany(['k'], two)).toEqual(new Map([['k', 'two']]));
    expect(await cache.has('k', two)).toBe(true);
    expect(await cache.add('k', 'x', two)).toBe(false);
    expect(await cache.ttl('k', two)).toBeLessThanOrEqual(60);
    expect(await cache.touch('k', { version: 2, timeout: 30 })).toBe(true);
    expect(await cache.ttl('k', two)).toBeLessThanOrEqual(30);
    expect(await cache.persist('k', two)).toBe(true);
    expect(await cache.ttl('k', two)).toBeNull();
    expect(await cache.expire('k', 60, two)).toBe(true);
    expect(await cache.expireAt('k', context.inFuture(20_000), two)).toBe(true);
    expect(await cache.ttl('k', two)).toBeLessThanOrEqual(20);
    await cache.setMany({ many: 1 }, two);
    expect(await cache.has('many')).toBe(false);
    expect(await cache.deleteMany(['many'], two)).toBe(1);
    expect(await cache.getOrSet('made', () => 2, two)).toBe(2);
    expect(await cache.has('made')).toBe(false);
    expect(await cache.delete('k', two)).toBe(true);
    expect(await cache.get('k')).toBe('one');
    expect(await cache.ttl('k')).toBeGreaterThan(200);
  });

  it('C77 a cache of version 2 sees only that unless told otherwise', async () => {
    const two = context.open({ version: 2 });
    await context.cache.set('k', 'one');
    expect(await two.get('k')).toBeUndefined();
    await two.set('k', 'two');
    expect(await context.cache.get('k')).toBe('one');
    expect(await two.get('k', undefined, { version: 1 })).toBe('one');
    expect(await two.delete('k')).toBe(true);
    expect(await context.cache.has('k')).toBe(true);
  });

  it('C78 incrVersion moves the value and keeps the ttl', async () => {
    await context.cache.set('k', { a: 1 }, 60);
    expect(await context.cache.incrVersion('k')).toBe(2);
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.get('k', undefined, { version: 2 })).toEqual({ a: 1 });
    const left = await context.cache.ttl('k', { version: 2 });
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThanOrEqual(60);
    expect(await context.cache.incrVersion('k', 5, { version: 2 })).toBe(7);
    expect(await context.cache.get('k', undefined, { version: 7 })).toEqual({ a: 1 });
  });

  it('C78 what never expires still does not, and what stood there is replaced', async () => {
    await context.cache.set('k', 'new', null);
    await context.cache.set('k', 'old', { version: 2, timeout: 60 });
    expect(await context.cache.incrVersion('k')).toBe(2);
    expect(await context.cache.get('k', undefined, { version: 2 })).toBe('new');
    expect(await context.cache.ttl('k', { version: 2 })).toBeNull();
  });

  it('C79 decrVersion moves it the other way', async () => {
    await context.cache.set('k', 1, { version: 3, timeout: 60 });
    expect(await context.cache.decrVersion('k', 1, { version: 3 })).toBe(2);
    expect(await context.cache.decrVersion('k', 2, { version: 2 })).toBe(0);
    expect(await context.cache.get('k', undefined, { version: 0 })).toBe(1);
    await expect(context.cache.decrVersion('k', 1, { version: 0 })).rejects.toThrow(RangeError);
    expect(await context.cache.has('k', { version: 0 })).toBe(true);
  });

  it('C78 C79 a missing key is an error, and nothing is created or lost', async () => {
    await context.cache.set('k', 'stays', { version: 2 });
    await expect(context.cache.incrVersion('k')).rejects.toThrow(CacheKeyNotFoundError);
    await expect(context.cache.decrVersion('k')).rejects.toThrow(CacheKeyNotFoundError);
    expect(await context.redisKeys()).toEqual([context.redisKey('k', 2)]);
    expect(await context.cache.get('k', undefined, { version: 2 })).toBe('stays');
  });

  it.each([0, -0, 1.5, NaN, '1', null])('C78 C79 a delta of %p is refused', async (given) => {
    await context.cache.set('k', 1);
    await expect(context.cache.incrVersion('k', given as number)).rejects.toThrow(TypeError);
    await expect(context.cache.decrVersion('k', given as number)).rejects.toThrow(TypeError);
    expect(await context.cache.get('k')).toBe(1);
  });

  it('C81 an own key function makes the Redis key of every call', async () => {
    const keyFunction = (key: string, prefix: string, version: number): string =>
      `${prefix}/v${version}/${key.toLowerCase()}`;
    const cache = context.open({ keyFunction });
    await cache.set('K', 1);
    await cache.setMany({ M: 2 }, { version: 3 });
    expect(await context.redisKeys()).toEqual([`${context.prefix}/v1/k`, `${context.prefix}/v3/m`]);
    expect(await cache.getMany(['K', 'k'])).toEqual(new Map([['K', 1], ['k', 1]])); // prettier-ignore
    expect(await cache.incr('k')).toBe(2);
    expect(await cache.incrVersion('K')).toBe(2);
    expect(await context.store.has(`${context.prefix}/v2/k`)).toBe(true);
  });

  it.each([undefined, null, '', 5, 'a\ud800'])(
    'C81 a key function that returns %p is refused',
    async (made) => {
      const cache = context.open({ keyFunction: () => made as string });
      await expect(cache.set('k', 1)).rejects.toThrow(/cache\.keyFunction/);
    },
  );
});
