import type { CacheService } from '../../lib/cache/cache.service.js';
import { GatedFactory } from '../support/gated-factory.js';
import { storeWith } from '../support/sessions.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

describeCacheOnEveryStore('Cache, getOrSet', (context) => {
  it("C82 a miss stores and returns the factory's value, a hit does not call it", async () => {
    let runs = 0;
    const factory = (): { n: number } => ({ n: ++runs });
    expect(await context.cache.getOrSet('k', factory)).toEqual({ n: 1 });
    expect(await context.cache.getOrSet('k', factory)).toEqual({ n: 1 });
    expect(await context.cache.get('k')).toEqual({ n: 1 });
    expect(runs).toBe(1);
  });

  it('C83 of 1,000 concurrent callers one runs the factory', async () => {
    const gate = new GatedFactory<number[]>();
    const callers = Array.from({ length: 1000 }, () => context.cache.getOrSet('k', gate.factory));
    await gate.entered;
    const late = context.cache.getOrSet('k', gate.factory);
    gate.open([42]);
    const values = await Promise.all([...callers, late]);
    expect(gate.runs).toBe(1);
    expect(values).toHaveLength(1001);
    expect(new Set(values.map(String))).toEqual(new Set(['42']));
    expect(await context.cache.get('k')).toEqual([42]);
  });

  it('C83 callers of different keys and versions do not share a run', async () => {
    const keys = ['a', 'b', 'c'];
    const made = await Promise.all([
      ...keys.map((key) => context.cache.getOrSet(key, () => Promise.resolve(key))),
      context.cache.getOrSet('a', () => 'a2', { version: 2 }),
    ]);
    expect(made).toEqual(['a', 'b', 'c', 'a2']);
  });

  it('C84 null is stored', async () => {
    let runs = 0;
    const factory = (): null => {
      runs++;
      return null;
    };
    expect(await context.cache.getOrSet('k', factory)).toBeNull();
    expect(await context.cache.getOrSet('k', factory)).toBeNull();
    expect(runs).toBe(1);
    expect(await context.cache.has('k')).toBe(true);
  });

  it('C86 version and timeout are honoured', async () => {
    await context.cache.getOrSet('k', () => 1, { version: 2, timeout: 60 });
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.ttl('k', { version: 2 })).toBeLessThanOrEqual(60);
    await context.cache.getOrSet('k', () => 1, null);
    expect(await context.cache.ttl('k')).toBeNull();
    await context.cache.getOrSet('half', () => 1, '30s');
    expect(await context.cache.ttl('half')).toBeLessThanOrEqual(30);
  });

  it.each([0, -1])('C86 a timeout of %d returns the value and stores nothing', async (timeout) => {
    expect(await context.cache.getOrSet('k', () => 1, timeout)).toBe(1);
    expect(await context.redisKeys()).toEqual([]);
    await context.cache.set('k', 'old');
    expect(await context.cache.getOrSet<unknown>('k', () => 1, timeout)).toBe('old');
    expect(await context.cache.get('k')).toBe('old');
  });

  it('C87 the value that someone else adds meanwhile is returned', async () => {
    const theirs = context.open({}, context.other);
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    expect(await theirs.add('k', 'theirs', 60)).toBe(true);
    gate.open('mine');
    expect(await asked).toBe('theirs');
    expect(await context.cache.get('k')).toBe('theirs');
    expect(await context.cache.ttl('k')).toBeLessThanOrEqual(60);
  });

  it('C87 the same where it is added through this cache', async () => {
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    expect(await context.cache.add('k', 'added')).toBe(true);
    gate.open('mine');
    expect(await asked).toBe('added');
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('database away'))],
    [
      'throws',
      () => {
        throw new Error('database away');
      },
    ],
  ])('C87b a factory that %s: every waiter gets the error, nothing is cached', async (_, fails) => {
    let runs = 0;
    const factory = (): Promise<never> => {
      runs++;
      return fails();
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => context.cache.getOrSet('k', factory)),
    );
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'database away' } });
    expect(runs).toBe(1);
    expect(await context.redisKeys()).toEqual([]);
    await expect(context.cache.getOrSet('k', factory)).rejects.toThrow('database away');
    expect(runs).toBe(2);
    expect(await context.cache.getOrSet('k', () => 'works again')).toBe('works again');
  });

  const endings: [string, (cache: CacheService) => Promise<unknown>][] = [
    ['delete', (cache) => cache.delete('k')],
    ['deleteMany', (cache) => cache.deleteMany(['other', 'k'])],
    ['clear', (cache) => cache.clear()],
    ['deletePattern', (cache) => cache.deletePattern('k*')],
    ['touch with 0', (cache) => cache.touch('k', 0)],
    ['expire with 0', (cache) => cache.expire('k', 0)],
    ['expireAt in the past', (cache) => cache.expireAt('k', new Date(0))],
    ['set with 0', (cache) => cache.set('k', 'x', 0)],
    ['setMany with 0', (cache) => cache.setMany({ k: 'x' }, 0)],
  ];

  it.each(endings)('C87c %s during the run is not undone by the late write', async (_, end) => {
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    await end(context.cache);
    gate.open('stale');
    expect(await asked).toBe('stale');
    expect(await context.cache.get('k')).toBeUndefined();
  });

  it.each(endings)('C87c a call after %s starts a new run', async (_, end) => {
    const [first, second] = [new GatedFactory<string>(), new GatedFactory<string>()];
    const before = context.cache.getOrSet('k', first.factory);
    await first.entered;
    await end(context.cache);
    const after = context.cache.getOrSet('k', second.factory);
    await second.entered;
    second.open('fresh');
    expect(await after).toBe('fresh');
    first.open('stale');
    expect(await before).toBe('stale');
    expect(await context.cache.get('k')).toBe('fresh');
    expect([first.runs, second.runs]).toEqual([1, 1]);
  });

  it.each(endings)('C87c %s while the write of the run is on its way comes after it', async (_, end) => {
    const sent = new GatedFactory<undefined>();
    const slow = storeWith(context.store, {
      setIfAbsentOrGet: async (...args) => {
        await sent.factory();
        return context.store.setIfAbsentOrGet(...args);
      },
      writeKept: async (...args) => {
        await sent.factory();
        return context.store.writeKept(...args);
      },
    });
    const cache = context.open({}, slow);
    const asked = cache.getOrSet('k', () => 'made');
    await sent.entered;
    const ended = end(cache);
    sent.open(undefined);
    await Promise.all([asked, ended]);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('C87c C78 a move to another version during the run is not undone by the late write', async () => {
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    await context.store.set(context.redisKey('k'), '"of another process"', null);
    await context.cache.incrVersion('k');
    gate.open('stale');
    await asked;
    expect(await context.redisKeys()).toEqual([context.redisKey('k', 2)]);
  });

  it.each([
    ['set', (cache: CacheService) => cache.set('k', 'set')],
    ['setMany', (cache: CacheService) => cache.setMany({ other: 1, k: 'set' })],
  ])('C87c %s during the run stays, and a later call sees it', async (_, set) => {
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    await set(context.cache);
    expect(await context.cache.getOrSet('k', () => 'another run')).toBe('set');
    gate.open('stale');
    expect(await asked).toBe('stale');
    expect(await context.cache.get('k')).toBe('set');
  });

  it('C87c through another cache of this process on the same store, too', async () => {
    const sibling = context.open({ timeoutMs: 1000 });
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    await sibling.delete('k');
    gate.open('stale');
    await asked;
    expect(await context.cache.has('k')).toBe(false);
  });

  it('C87c what concerns other keys, versions or prefixes does not disturb a run', async () => {
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    await context.cache.delete('other');
    await context.cache.delete('k', { version: 2 });
    await context.cache.deletePattern('other*');
    await context.cache.deletePattern('*', { version: 2 });
    await context.open({ keyPrefix: `${context.prefix}2` }).clear();
    gate.open('stored');
    await asked;
    expect(await context.cache.get('k')).toBe('stored');
  });

  it('C87c a run of another key does not change the order of calls', async () => {
    const { cache } = context;
    const gate = new GatedFactory<number>();
    const run = cache.getOrSet('other', gate.factory);
    await gate.entered;
    try {
      await cache.set('b', 'old');
      await Promise.all([
        cache.setMany({ a: 1, c: 1, d: 1 }),
        cache.set('a', 2),
        cache.deleteMany(['b']),
        cache.set('b', 'new'),
        cache.delete('c'),
      ]);
      expect(await cache.getMany(['a', 'b', 'c', 'd'])).toEqual(
        new Map<string, unknown>([
          ['a', 2],
          ['b', 'new'],
          ['d', 1],
        ]),
      );
    } finally {
      gate.open(1);
      await run;
    }
  });

  it('C87c whenever the delete comes, nothing older stays', async () => {
    let database = 0;
    for (let round = 0; round < 200; round++) {
      const key = `k${round % 5}`;
      const asked = context.cache.getOrSet(key, async () => {
        const read = database;
        for (let i = 0; i < round % 7; i++) await Promise.resolve();
        return read;
      });
      for (let i = 0; i < round % 11; i++) await Promise.resolve();
      if (round % 3 === 0) await new Promise(setImmediate);
      database++;
      await context.cache.delete(key);
      await asked;
      expect(await context.cache.getOrSet(key, () => database)).toBe(database);
      await context.cache.delete(key);
    }
  });

  it('C87d a factory that returns undefined is a TypeError', async () => {
    const nothing = (): unknown => undefined;
    await expect(context.cache.getOrSet('k', nothing)).rejects.toThrow(TypeError);
    await expect(context.cache.getOrSet('k', nothing)).rejects.toThrow(
      /factory for "k" returned undefined.*null/,
    );
    await expect(context.cache.getOrSet('k', nothing, 0)).rejects.toThrow(TypeError);
    expect(await context.redisKeys()).toEqual([]);
  });
});
