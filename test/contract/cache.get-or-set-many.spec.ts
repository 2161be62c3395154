import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CacheFactoryCycleError } from '../../lib/errors/cache-factory.errors.js';
import { SerializationError } from '../../lib/errors/serialization.error.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Cache, getOrSetMany', (context) => {
  /** A loader that remembers what it was asked for. */
  const recording = (): { asked: string[][]; load: (missing: string[]) => Map<string, string> } => {
    const asked: string[][] = [];
    return {
      asked,
      load: (missing) => {
        asked.push(missing);
        return new Map(missing.map((key) => [key, `made ${key}`]));
      },
    };
  };

  it('RT21 one call with the missing keys; what it returns is stored', async () => {
    const { asked, load } = recording();
    await context.cache.set('b', 'there');
    const found = await context.cache.getOrSetMany(new Set(['a', 'b', 'c']), load, 60);
    expect([...found]).toEqual([
      ['a', 'made a'],
      ['b', 'there'],
      ['c', 'made c'],
    ]);
    expect(asked).toEqual([['a', 'c']]);
    expect(await context.cache.getMany(['a', 'c'])).toEqual(new Map([['a', 'made a'], ['c', 'made c']])); // prettier-ignore
    expect(await context.cache.ttl('a')).toBeLessThanOrEqual(60);
    expect(await context.cache.getOrSetMany(['a', 'b', 'c', 'c'], load)).toEqual(found);
    expect(asked).toHaveLength(1);
  });

  it.each([{}, { singleFlight: 'shared' as const }])(
    'RT21 however many keys, at most 500 commands wait for the store at once: %j',
    async (readThrough) => {
      const keys = Array.from({ length: 1200 }, (_, i) => `k${i}`);
      let [sent, most] = [0, 0];
      const counted = async <T>(command: Promise<T>): Promise<T> => {
        most = Math.max(most, ++sent);
        try {
          return await command;
        } finally {
          sent--;
        }
      };
      const { store } = context;
      const cache = context.reading(
        readThrough,
        storeWith(store, {
          lookUpKept: (...args) => counted(store.lookUpKept(...args)),
          writeKept: (...args) => counted(store.writeKept(...args)),
          setIfAbsentOrGet: (...args) => counted(store.setIfAbsentOrGet(...args)),
        }),
      );
      const { asked, load } = recording();
      expect((await cache.getOrSetMany(keys, load)).size).toBe(1200);
      expect([asked.map(({ length }) => length), most]).toEqual([[1200], 500]);
      expect((await cache.getMany(keys)).size).toBe(1200);
    },
  );

  it('RT21 more keys than a call takes arguments', async () => {
    const keys = Array.from({ length: 150_000 }, (_, i) => `k${i}`);
    const cache = context.open(
      {},
      storeWith(context.store, { getMany: (asked) => Promise.resolve(asked.map(() => '1')) }),
    );
    expect((await cache.getOrSetMany(keys, failing)).size).toBe(150_000);
  });

  it('RT21 an object, pairs and a promise of them; each version by itself; no keys, no call', async () => {
    const { cache } = context;
    expect(await cache.getOrSetMany(['a'], () => ({ a: 1 }), { version: 2 })).toEqual(new Map([['a', 1]]));
    expect(await cache.getOrSetMany(['a'], () => Promise.resolve([['a', [2]] as const]))).toEqual(
      new Map([['a', [2]]]),
    );
    expect(await cache.getOrSetMany([], failing)).toEqual(new Map());
    await expect(cache.getOrSetMany(5 as never, failing)).rejects.toThrow(/^keys: expected an array/);
    await expect(cache.getOrSetMany(['x'], () => 5 as never)).rejects.toThrow(
      /^getOrSetMany: expected the loader to return an object, a Map or pairs/,
    );
  });

  it('RT21 a list of anything but pairs is an error that says so, as is a loader that is not a function', async () => {
    const { cache } = context;
    await expect(cache.getOrSetMany(['a'], () => ['b'] as never)).rejects.toThrow(
      /expected an object, a Map or pairs of key and value, got an array of 1/,
    );
    await expect(cache.getOrSetMany(['a'], 5 as never)).rejects.toThrow(
      /^loader: expected a function, got a number/,
    );
    await expect(cache.getOrSet('a', undefined as never)).rejects.toThrow(/^factory: expected a function/);
    expect(await cache.has('a')).toBe(false);
  });

  it('RT21 a key the loader did not return is absent, or null with nullTimeout', async () => {
    const { cache } = context;
    expect(await cache.getOrSetMany(['a', 'b'], () => ({ a: 1 }))).toEqual(new Map([['a', 1]]));
    expect(await cache.has('b')).toBe(false);
    expect(await cache.getOrSetMany(['a', 'b'], () => ({}), { nullTimeout: 30 })).toEqual(
      new Map([['a', 1], ['b', null]]), // prettier-ignore
    );
    expect(await cache.get('b', 'none')).toBeNull();
    expect(await cache.ttl('b')).toBeLessThanOrEqual(30);
  });

  it('RT21 a key it invented, undefined, and what is not JSON are a TypeError, and nothing is stored', async () => {
    const { cache } = context;
    await expect(cache.getOrSetMany(['a'], () => ({ a: 1, z: 2 }))).rejects.toThrow(
      new TypeError(
        'getOrSetMany: the loader returned "z", which it was not asked for; return only keys it was given',
      ),
    );
    await expect(cache.getOrSetMany(['a'], () => ({ a: undefined }))).rejects.toThrow(TypeError);
    await expect(cache.getOrSetMany(['a'], () => ({ a: new Date() }))).rejects.toThrow(TypeError);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT21 keys that another run has in flight are not loaded again', async () => {
    const { cache } = context;
    const { asked, load } = recording();
    const [single, many] = [new GatedFactory<string>(), new GatedFactory<Map<string, string>>()];
    const one = cache.getOrSet('a', single.factory);
    const first = cache.getOrSetMany(['b', 'c'], many.factory);
    await Promise.all([single.entered, many.entered]);
    const all = cache.getOrSetMany(['a', 'b', 'c', 'd'], load);
    const joined = cache.getOrSet('b', failing);
    single.open('one');
    many.open(new Map([['b', 'two'], ['c', 'three']])); // prettier-ignore
    expect(await all).toEqual(new Map([['a', 'one'], ['b', 'two'], ['c', 'three'], ['d', 'made d']])); // prettier-ignore
    expect(await joined).toBe('two');
    expect(asked).toEqual([['d']]);
    await Promise.all([one, first]);
  });

  it('RT21 a getOrSet that joined a loader which knows no value asks its own factory', async () => {
    const gate = new GatedFactory<Record<string, string>>();
    const many = context.cache.getOrSetMany(['a'], gate.factory);
    await gate.entered;
    const one = context.cache.getOrSet('a', () => 'made');
    gate.open({});
    expect(await many).toEqual(new Map());
    expect(await one).toBe('made');
  });

  it('RT21 the loader throws: the call rejects, nothing is stored, the next one tries again', async () => {
    await context.cache.set('a', 1);
    await expect(context.cache.getOrSetMany(['a', 'b', 'c'], failing)).rejects.toThrow('database away');
    expect(await context.cache.getOrSetMany(['a', 'b'], () => ({ b: 2 }))).toEqual(
      new Map([['a', 1], ['b', 2]]), // prettier-ignore
    );
  });

  it('RT21 what this process deletes or writes meanwhile is not undone', async () => {
    const { cache } = context;
    const gate = new GatedFactory<Record<string, string>>();
    const many = cache.getOrSetMany(['a', 'b', 'c'], gate.factory);
    await gate.entered;
    await cache.delete('a');
    await cache.set('b', 'newer');
    gate.open({ a: 'late', b: 'late', c: 'made' });
    await many;
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual(new Map([['b', 'newer'], ['c', 'made']])); // prettier-ignore
  });

  it('RT3 RT21 a loader that waits for its own keys is an error', async () => {
    const { cache } = context;
    const asked = cache.getOrSetMany(['a', 'b'], async () => ({ a: await cache.getOrSet('b', () => 1) }));
    await expect(asked).rejects.toThrow(CacheFactoryCycleError);
    const far = cache.getOrSetMany(['a'], async () => ({
      a: await cache.getOrSet('c', () => cache.getOrSet('a', () => 1)),
    }));
    await expect(far).rejects.toThrow(CacheFactoryCycleError);
  });

  it('RT2 RT21 a loader beyond factoryTimeout is an error', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    await expect(
      context.cache.getOrSetMany(['a', 'b'], never, { factoryTimeout: '20ms' }),
    ).rejects.toMatchObject({ name: 'CacheFactoryTimeoutError' });
  });

  it('RT4 RT21 entries that cannot be read are created again', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    try {
      await context.store.set(context.redisKey('a'), 'gzip:H4sIA', null);
      const { asked, load } = recording();
      expect(await context.cache.getOrSetMany(['a', 'b'], load)).toEqual(
        new Map([['a', 'made a'], ['b', 'made b']]), // prettier-ignore
      );
      expect(asked).toEqual([['a', 'b']]);
      expect(await context.cache.get('a')).toBe('made a');
      expect(warn).toHaveBeenCalledTimes(1);
    } finally {
      warn.mockRestore();
    }
  });

  it.each([false, true])(
    'RT4 RT21 one that cannot be read is created again for a call for one as well, which came first: %s',
    async (isFirst) => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
      try {
        await context.store.set(context.redisKey('a'), 'gzip:H4sIA', null);
        const many = (): Promise<Map<string, unknown>> =>
          context.cache.getOrSetMany(['a', 'b'], recording().load);
        const one = (): Promise<unknown> => context.cache.getOrSet('a', () => 'made a');
        const [first, second] = isFirst ? [one(), many()] : [many(), one()];
        expect(await Promise.all([first, second])).toEqual(
          isFirst ? ['made a', expect.any(Map)] : [expect.any(Map), 'made a'],
        );
        expect(await context.cache.get('a')).toBe('made a');
      } finally {
        warn.mockRestore();
      }
    },
  );

  it('RT4 RT21 what a serializer cannot read although it wrote it fails the call', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const serializer = { dumps: JSON.stringify, loads: failing };
    const cache = context.open({}, context.store, serializer);
    const calls = [
      () => cache.getOrSetMany(['a', 'b'], recording().load),
      () => cache.getOrSetMany(['a', 'b'], recording().load),
      () => cache.getOrSet('a', () => 'made a'),
    ];
    try {
      for (const call of calls) await expect(call()).rejects.toThrow(SerializationError);
    } finally {
      warn.mockRestore();
    }
  });

  it('RT5 RT21 stale values are served where the loader throws, for each key by itself', async () => {
    const cache = context.reading({ grace: 3600 });
    await cache.setMany({ a: 'old a', b: 'old b' }, 60);
    for (const key of ['a', 'b']) await context.pass(key, 60);
    expect(await cache.getOrSetMany(['a', 'b'], failing)).toEqual(
      new Map([['a', 'old a'], ['b', 'old b']]), // prettier-ignore
    );
    const { asked, load } = recording();
    expect(await cache.getOrSetMany(['a', 'c'], load)).toEqual(
      new Map([['a', 'old a'], ['c', 'made c']]), // prettier-ignore
    );
    expect(asked).toEqual([['c']]);
    await context.readingElsewhere({ grace: 3600 }).delete('b');
    await expect(cache.getOrSetMany(['a', 'b'], failing)).rejects.toThrow('database away');
  });

  it('RT7 RT21 a slow loader continues in the background, and stores', async () => {
    const cache = context.reading({ grace: 3600, softTimeout: 0 });
    await cache.setMany({ a: 'old', b: 'old' }, 60);
    for (const key of ['a', 'b']) await context.pass(key, 60);
    const gate = new GatedFactory<Record<string, string>>();
    for (let call = 0; call < 2; call++)
      expect(await cache.getOrSetMany(['a', 'b'], gate.factory)).toEqual(
        new Map([['a', 'old'], ['b', 'old']]), // prettier-ignore
      );
    expect(gate.runs).toBe(1);
    const patient = cache.getOrSet('b', failing, { softTimeout: null });
    gate.open({ a: 'new', b: 'new' });
    expect(await patient).toBe('new');
    expect(await cache.getOrSetMany(['a', 'b'], failing)).toEqual(
      new Map([['a', 'new'], ['b', 'new']]), // prettier-ignore
    );
  });
});
