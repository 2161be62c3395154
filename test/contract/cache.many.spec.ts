import { describeCacheOnEveryStore } from '../support/store-suite.js';

describeCacheOnEveryStore('Cache, many at once', (context) => {
  const all = (): Promise<Map<string, unknown>> => context.cache.getMany(['a', 'b', 'c']);

  it('C47 after setMany all are readable', async () => {
    await context.cache.setMany({ a: 1, b: [2], c: null });
    expect(await all()).toEqual(new Map<string, unknown>([['a', 1], ['b', [2]], ['c', null]])); // prettier-ignore
  });

  it('C47 setMany takes an object, a Map or pairs, and replaces what was there', async () => {
    await context.cache.set('a', 'old', null);
    await context.cache.setMany(new Map([['a', 1]]), 60);
    expect(await context.cache.get('a')).toBe(1);
    expect(await context.cache.ttl('a')).toBeLessThanOrEqual(60);
    await context.cache.setMany([['a', 2], ['b', 3]]); // prettier-ignore
    expect(await all()).toEqual(new Map([['a', 2], ['b', 3]])); // prettier-ignore
    await context.cache.setMany(Object.assign(Object.create(null) as object, { c: 4 }));
    expect(await context.cache.get('c')).toBe(4);
  });

  it.each(['ab', null, undefined, 5, new Date(), [1], ['ab'], new Set(['a'])])(
    'C47 %p is nothing to store',
    async (given) => {
      await expect(context.cache.setMany(given as never)).rejects.toThrow(
        /^entries: expected an object, a Map or pairs/,
      );
      expect(await context.redisKeys()).toEqual([]);
    },
  );

  it('C47 a key named like a member of every object is a key', async () => {
    const entries = JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as Record<string, number>;
    await context.cache.setMany(entries);
    const values = await context.cache.getMany(['__proto__', 'constructor', 'toString', 'valueOf']);
    expect([...values]).toEqual([['__proto__', 1], ['constructor', 2], ['toString', 3]]); // prettier-ignore
  });

  it('CN14 take any number of keys, of any characters', async () => {
    const odd = ['\0', '\r\n', ' ', '{', '}', '{}', '*?[]\\', '$5', 'é', '😀', '\u2028', 'k'.repeat(70_000)];
    const keys = [...odd, ...Array.from({ length: 3000 }, (_, n) => `k${n}`)];
    const values = new Map<string, unknown>(keys.map((key, n) => [key, n]));
    await context.cache.setMany(values, 60);
    expect(await context.cache.getMany(keys)).toEqual(values);
    const load = (): Promise<Map<string, unknown>> => Promise.reject(new Error('nothing is missing'));
    expect(await context.cache.getOrSetMany(keys, load)).toEqual(values);
    expect(await context.cache.deleteMany(keys)).toBe(keys.length);
    expect(await context.cache.getMany(keys)).toEqual(new Map());
  });

  it('C48 setMany of nothing does nothing', async () => {
    await context.cache.setMany({});
    await context.cache.setMany([], 0);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('C51 one unserialisable value: nothing is written, and the error names its key', async () => {
    await context.cache.set('a', 'old');
    const entries = { a: 1, b: { at: new Date() }, c: 3 };
    await expect(context.cache.setMany(entries)).rejects.toThrow(TypeError);
    await expect(context.cache.setMany(entries)).rejects.toThrow(/"b".*at: Date/);
    expect(await all()).toEqual(new Map([['a', 'old']]));
  });

  it('C51 neither is anything written for one bad key', async () => {
    await expect(context.cache.setMany({ a: 1, '': 2 })).rejects.toThrow(TypeError);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('C52 deleteMany removes exactly those and says how many there were', async () => {
    await context.cache.setMany({ a: 1, b: 2, c: 3 });
    expect(await context.cache.deleteMany(['a', 'b', 'missing', 'a'])).toBe(2);
    expect(await all()).toEqual(new Map([['c', 3]]));
    expect(await context.cache.deleteMany(new Set(['c']))).toBe(1);
    expect(await context.cache.deleteMany(['c'])).toBe(0);
    expect(await context.cache.deleteMany([])).toBe(0);
  });

  it('C52 deleteMany takes any iterable', async () => {
    await context.cache.setMany({ a: 1, b: 2 });
    const generated = (function* () {
      yield 'a';
      yield 'b';
    })();
    expect(await context.cache.deleteMany(generated)).toBe(2);
  });

  it('C53 deleteMany of 1,000', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
    await context.cache.setMany(keys.map((key) => [key, 1] as const));
    await context.cache.set('other', 1);
    expect(await context.cache.deleteMany(keys)).toBe(1000);
    expect(await context.redisKeys()).toEqual([context.redisKey('other')]);
  });
});
