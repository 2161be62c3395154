import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { CacheService } from '../../lib/cache/cache.service.js';
import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import type { ReadThroughOptions } from '../../lib/config/read-through-options.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { cacheEvents } from '../support/cache-events.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { recorded, storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const SHARED: ReadThroughOptions = { singleFlight: 'shared', wait: '1m' };

describeOnEveryStore('Cache, shared flights', (context) => {
  /** A cache of another process. */
  const elsewhere = (options: ReadThroughOptions = SHARED): CacheService => context.readingElsewhere(options);

  /** A cache of another process that tells what it asks of the store. */
  const watched = (
    options: ReadThroughOptions = SHARED,
  ): { cache: CacheService; calls: string[]; settled: () => Promise<void> } => {
    const { store, calls } = recorded(context.other);
    return { cache: context.reading(options, store), calls, settled: () => flightsOn(store).settled() };
  };

  const holder = (key = 'k'): Promise<string | null> => context.store.get(context.leaseKey(key));

  /** Resolves when another process has been told often enough that somebody is at work. */
  const asked = async (calls: readonly string[], times: number): Promise<void> => {
    while (calls.filter((verb) => verb === 'lookUpKept').length < times) await context.store.has('anything');
  };

  it('RT16 one process in all runs the factory for a cold key; the others wait and get its value', async () => {
    const owner = elsewhere();
    const waiters = [watched(), watched(), watched()];
    const gate = new GatedFactory<string>();
    const made = [1, 2, 3].map(() => owner.getOrSet('k', gate.factory));
    await gate.entered;
    const waited = waiters.flatMap(({ cache }) => [1, 2, 3].map(() => cache.getOrSet('k', gate.factory)));
    for (const { calls } of waiters) await asked(calls, 3);
    gate.open('made');
    expect(await Promise.all([...made, ...waited])).toEqual(Array.from({ length: 12 }, () => 'made'));
    expect(gate.runs).toBe(1);
    expect(await context.redisKeys()).toEqual([context.redisKey('k')]);
    for (const { calls } of waiters)
      expect(calls).toEqual(['get', ...calls.slice(1).map(() => 'lookUpKept')]);
  });

  it('RT16 all at once: one run', async () => {
    let runs = 0;
    const caches = Array.from({ length: 8 }, () => elsewhere());
    const values = caches.map((cache) =>
      cache.getOrSet('k', async () => [++runs, await context.store.has('x')]),
    );
    expect(await Promise.all(values)).toEqual(caches.map(() => [1, false]));
    expect(runs).toBe(1);
  });

  it('RT16 a hit is 1 command, an owner 3, a waiter 2 and its polls', async () => {
    const [owner, waiter] = [watched(), watched()];
    const gate = new GatedFactory<number>();
    const made = owner.cache.getOrSet('k', gate.factory);
    await gate.entered;
    const waited = waiter.cache.getOrSet('k', failing);
    await asked(waiter.calls, 1);
    gate.open(1);
    await Promise.all([made, waited]);
    expect(owner.calls).toEqual(['get', 'lookUpKept', 'writeKept']);
    expect(waiter.calls.slice(0, 2)).toEqual(['get', 'lookUpKept']);
    expect(new Set(waiter.calls.slice(2))).toEqual(new Set(['lookUpKept']));
    owner.calls.length = 0;
    await owner.cache.getOrSet('k', failing);
    expect(owner.calls).toEqual(['get']);
  });

  it('RT16 a waiter whose turn comes while its own run waits behind takes it', async () => {
    const options = { ...SHARED, grace: 3600, softTimeout: 0 };
    const { cache, settled } = watched(options);
    await cache.set('k', 'stale', 60);
    await context.pass('k', 60);
    const lease = context.leaseKey('k');
    await context.store.set(lease, 'another run', 60_000);
    expect(await cache.getOrSet('k', () => 'new')).toBe('stale');
    await context.store.delete(lease);
    expect(await cache.getOrSet('k', () => 'new', { softTimeout: null })).toBe('new');
    await settled();
    expect(await holder()).toBeNull();
  });

  it('RT16 is told as waited', async () => {
    const [owner, waiter] = [elsewhere(), watched()];
    const gate = new GatedFactory<string>();
    const made = owner.getOrSet('k', gate.factory);
    await gate.entered;
    const events = cacheEvents();
    const waited = waiter.cache.getOrSet('k', gate.factory);
    await asked(waiter.calls, 1);
    gate.open('made');
    await Promise.all([made, waited]);
    events.end();
    expect(events.all).toEqual(
      expect.arrayContaining([expect.objectContaining({ operation: 'getOrSet', outcome: 'waited' })]),
    );
  });

  it('RT16 the lease names the run, not the process', async () => {
    const cache = elsewhere();
    const [first, second] = [new GatedFactory<string>(), new GatedFactory<string>()];
    const old = cache.getOrSet('k', first.factory);
    await first.entered;
    const before = await holder();
    await cache.delete('k');
    const now = cache.getOrSet('k', second.factory);
    await second.entered;
    const after = await holder();
    expect(after).not.toBe(before);
    first.open('old');
    expect(await old).toBe('old');
    expect(await holder()).toBe(after);
    expect(await cache.has('k')).toBe(false);
    second.open('new');
    expect(await now).toBe('new');
    expect(await cache.get('k')).toBe('new');
  });

  it('RT17 the lease is renewed every third of it while the factory runs', async () => {
    const renewed: number[] = [];
    let third: () => void;
    const thrice = new Promise<void>((resolve) => (third = resolve));
    const store = storeWith(context.store, {
      async compareAndExpire(key, token, ttl) {
        const isOurs = await context.store.compareAndExpire(key, token, ttl);
        if (isOurs && renewed.push(ttl) === 3) third();
        return isOurs;
      },
    });
    await context.reading({ ...SHARED, lease: 1 }, store).getOrSet('k', async () => {
      await thrice;
      return (await holder()) !== null;
    });
    expect(renewed).toEqual([1000, 1000, 1000]);
    expect(await context.cache.get('k')).toBe(true);
  });

  it('RT17 an owner that died: another process takes over when its lease has ended', async () => {
    await context.store.set(context.leaseKey('k'), 'the run of a dead process', 10_000);
    const { cache, calls } = watched();
    const waited = cache.getOrSet('k', () => 'taken over');
    await asked(calls, 2);
    await context.elapseRedisKey(context.leaseKey('k'), 10_000);
    expect(await waited).toBe('taken over');
    expect(await cache.get('k')).toBe('taken over');
  });

  it('RT17 a lease that ends under a slow factory: another takes over, and what the first makes is not stored', async () => {
    const [slow, other] = [elsewhere(), elsewhere()];
    const [first, second] = [new GatedFactory<string>(), new GatedFactory<string>()];
    const late = slow.getOrSet('k', first.factory);
    await first.entered;
    await context.elapseRedisKey(context.leaseKey('k'), 10_000);
    const taken = other.getOrSet('k', second.factory);
    await second.entered;
    first.open('late');
    expect(await late).toBe('late');
    expect(await context.cache.has('k')).toBe(false);
    second.open('taken over');
    expect(await taken).toBe('taken over');
    expect(await context.cache.get('k')).toBe('taken over');
  });

  it('RT17 a run that finds its lease lost is not joined any more', async () => {
    let renew: () => void;
    const renewed = new Promise<void>((resolve) => (renew = resolve));
    const store = storeWith(context.store, {
      async compareAndExpire(key, token, ttl) {
        const isOurs = await context.store.compareAndExpire(key, token, ttl);
        if (!isOurs) setImmediate(renew);
        return isOurs;
      },
    });
    const cache = context.reading({ ...SHARED, lease: 1 }, store);
    const gate = new GatedFactory<string>();
    const old = cache.getOrSet('k', gate.factory);
    await gate.entered;
    await context.other.delete(context.leaseKey('k'));
    await renewed;
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
    gate.open('old');
    expect(await old).toBe('old');
    expect(await cache.get('k')).toBe('new');
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>, unknown]>([
    ['delete', (cache) => cache.delete('k'), undefined],
    ['deleteMany', (cache) => cache.deleteMany(['j', 'k']), undefined],
    ['set', (cache) => cache.set('k', 'set'), 'set'],
    ['setMany', (cache) => cache.setMany({ k: 'set' }), 'set'],
    ['set with 0', (cache) => cache.set('k', 'set', 0), undefined],
    ['touch with 0', (cache) => cache.touch('k', 0), undefined],
    ['expire with 0', (cache) => cache.expire('k', 0), undefined],
    ['clear', (cache) => cache.clear(), undefined],
    ['deletePattern', (cache) => cache.deletePattern('k*'), undefined],
    ['incrVersion', (cache) => cache.incrVersion('k').catch(() => undefined), undefined],
  ])(
    'RT18 %s in a third process during the run: its value is given, and not stored',
    async (_, write, left) => {
      const [owner, waiter, third] = [elsewhere(), watched(), elsewhere()];
      const [first, second] = [new GatedFactory<string>(), new GatedFactory<string>()];
      const made = owner.getOrSet('k', first.factory);
      await first.entered;
      const waited = waiter.cache.getOrSet('k', second.factory);
      await asked(waiter.calls, 1);
      await write(third);
      expect(await context.cache.get('k')).toBe(left);
      if (left === undefined) await second.entered;
      first.open('old');
      // a call that finds another value there gives that
      expect(await made).toBe(left ?? 'old');
      expect(await context.cache.get('k')).toBe(left);
      second.open('new');
      expect(await waited).toBe(left ?? 'new');
      expect(await context.cache.get('k')).toBe(left ?? 'new');
    },
  );

  it('RT18 an integer that add() stores, and what incr() makes of it, outlives a run', async () => {
    const [owner, third] = [elsewhere(), elsewhere()];
    const gate = new GatedFactory<number>();
    const made = owner.getOrSet('k', gate.factory);
    await gate.entered;
    expect(await third.add('k', 1)).toBe(true);
    expect(await third.incr('k')).toBe(2);
    gate.open(40);
    expect(await made).toBe(2);
    expect(await context.cache.get('k')).toBe(2);
  });

  it('RT18 a foreign write during the run is not undone', async () => {
    const gate = new GatedFactory<string>();
    const made = elsewhere().getOrSet('k', gate.factory);
    await gate.entered;
    await context.other.set(context.redisKey('k'), '"foreign"', null);
    gate.open('old');
    expect(await made).toBe('foreign');
    expect(await holder()).toBeNull();
  });

  it('RT18 companions go before entries, in one round trip, and entries alone are counted', async () => {
    const asked: string[][] = [];
    const store = storeWith(context.store, {
      deleteMany: (keys) => {
        asked.push([...keys]);
        return context.store.deleteMany(keys);
      },
    });
    const cache = context.reading(SHARED, store);
    await cache.set('k', 1);
    await context.store.set(context.leaseKey('l'), 'a run', 10_000);
    expect(await cache.deleteMany(['k', 'l'])).toBe(1);
    expect(asked).toEqual([
      [context.leaseKey('k'), context.leaseKey('l')],
      [context.redisKey('k'), context.redisKey('l')],
    ]);
    await context.store.set(context.leaseKey('l'), 'a run', 10_000);
    expect(await cache.delete('l')).toBe(false);
    expect(await holder('l')).toBeNull();
    await context.store.set(context.leaseKey('l'), 'a run', 10_000);
    expect(await cache.clear()).toBe(0);
    expect(await holder('l')).toBeNull();
    await context.store.set(context.leaseKey('l'), 'a run', 10_000);
    expect(await cache.deletePattern('other*')).toBe(0);
    expect(await holder('l')).toBe('a run');
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys).toEqual([]);
  });

  it('RT19 an error reaches who waits in the same process; another process runs the factory itself', async () => {
    const [owner, waiter] = [elsewhere(), watched()];
    let fail: () => void;
    const failed = new Promise<never>((_, reject) => (fail = () => reject(new Error('database away'))));
    const made = [1, 2].map(() => owner.getOrSet('k', () => failed));
    while ((await holder()) === null);
    const waited = waiter.cache.getOrSet('k', () => 'made here');
    await asked(waiter.calls, 1);
    fail!();
    for (const call of made) await expect(call).rejects.toThrow('database away');
    expect(await waited).toBe('made here');
    expect(await context.cache.get('k')).toBe('made here');
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>]>([
    ['fails', (cache) => cache.getOrSet('k', failing).catch(() => undefined)],
    ['skips', (cache) => cache.getOrSet<unknown>('k', ({ skip }) => skip(1))],
    ['stores nothing, with a timeout of 0', (cache) => cache.getOrSet('k', () => 1, 0)],
    [
      'returns a value that is not JSON',
      (cache) => cache.getOrSet<unknown>('k', () => new Date() as never).catch(() => undefined),
    ],
    [
      'takes too long',
      (cache) =>
        cache
          .getOrSet('k', () => new Promise<never>(() => undefined), { factoryTimeout: 0.01 })
          .catch(() => 0),
    ],
    ['loads nothing', (cache) => cache.getOrSetMany(['k'], () => ({}))],
  ])('RT19 a factory that %s leaves no lease behind', async (_, call) => {
    await call(elsewhere());
    expect(await elsewhere({ ...SHARED, wait: 0 }).getOrSet('k', () => 'next')).toBe('next');
    expect(await context.cache.get('k')).toBe('next');
    expect(await holder()).toBeNull();
  });

  it('RT19 after `wait` a waiter runs the factory itself; the result is returned, not stored', async () => {
    const owner = elsewhere();
    const gate = new GatedFactory<string>();
    const made = owner.getOrSet('k', gate.factory);
    await gate.entered;
    for (const options of [{ wait: 0 }, { wait: '20ms' }]) {
      const { cache, calls } = watched();
      let runs = 0;
      const own = [1, 2].map(() => cache.getOrSet('k', () => `own ${++runs}`, options));
      expect(await Promise.all(own)).toEqual(['own 1', 'own 1']);
      expect(calls).not.toContain('writeKept');
    }
    expect(await context.cache.has('k')).toBe(false);
    gate.open('made');
    expect(await made).toBe('made');
    expect(await context.cache.get('k')).toBe('made');
  });

  it('RT16 a value too old, with softTimeout: a waiter serves it, and waits on behind', async () => {
    const options = { ...SHARED, grace: 3600, softTimeout: 0 };
    const [owner, waiter] = [elsewhere(options), watched(options)];
    await owner.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await owner.getOrSet('k', gate.factory)).toBe('old');
    await gate.entered;
    expect(await waiter.cache.getOrSet('k', gate.factory)).toBe('old');
    expect(await waiter.cache.getOrSet('k', gate.factory)).toBe('old');
    gate.open('new');
    await asked(waiter.calls, 5);
    while ((await context.cache.get('k')) !== 'new');
    expect(gate.runs).toBe(1);
    expect(await waiter.cache.getOrSet('k', failing)).toBe('new');
    await waiter.settled();
  });

  it('RT16 a run behind whose lease has ended is not joined by a call that looks after that', async () => {
    const options = { ...SHARED, grace: 3600, softTimeout: 0 };
    const [owner, third] = [elsewhere(options), elsewhere(options)];
    await owner.set('k', 'stale', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await owner.getOrSet('k', gate.factory)).toBe('stale');
    await gate.entered;
    await third.delete('k');
    expect(await owner.getOrSet('k', () => 'new')).toBe('new');
    gate.open('old');
    expect(await owner.get('k')).toBe('new');
  });

  it('RT6 while a failed factory is left alone, no process is kept waiting', async () => {
    const options = { ...SHARED, grace: 3600 };
    const cache = elsewhere(options);
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    for (let call = 0; call < 2; call++) {
      expect(await cache.getOrSet<unknown>('k', failing)).toBe('old');
      const next = elsewhere({ ...options, wait: 0 });
      expect(await next.getOrSet<unknown>('k', ({ skip }) => skip('own'))).toBe('own');
      expect(await holder()).toBeNull();
    }
  });

  it('RT10 one caller in all processes refreshes ahead, the others are given the present value', async () => {
    const options = { ...SHARED, refreshAhead: 0.5 };
    const [first, second] = [elsewhere(options), watched(options)];
    await first.set('k', 'old', 60);
    await context.pass('k', 40);
    const gate = new GatedFactory<string>();
    expect(await first.getOrSet('k', gate.factory, 60)).toBe('old');
    await gate.entered;
    for (let call = 0; call < 3; call++)
      expect(await second.cache.getOrSet('k', gate.factory, 60)).toBe('old');
    expect(second.calls).toEqual(['lookUpKept', 'lookUpKept', 'lookUpKept']);
    gate.open('new');
    while ((await context.cache.get('k')) !== 'new');
    expect(gate.runs).toBe(1);
    expect(await holder()).toBeNull();
    await context.pass('k', 40);
    expect(await second.cache.getOrSet('k', ({ keep }) => keep(), 60)).toBe('new');
    while (Number(await context.cache.ttl('k')) < 30);
    expect(await holder()).toBeNull();
  });

  it('RT10 a refresh that another process began meanwhile is not begun', async () => {
    const options = { ...SHARED, refreshAhead: 0.5 };
    const store = storeWith(context.other, {
      async setIfAbsent(key, token, ttl) {
        await context.store.set(key, 'another run', 10_000);
        return context.other.setIfAbsent(key, token, ttl);
      },
    });
    const cache = context.reading(options, store);
    await cache.set('k', 'old', 60);
    await context.pass('k', 40);
    expect(await cache.getOrSet('k', failing, 60)).toBe('old');
    while ((await holder()) === null);
    expect(await cache.getOrSet('k', failing, 60)).toBe('old');
  });

  it('RT21 many keys: each is loaded by one process in all', async () => {
    const [first, second] = [elsewhere(), watched()];
    const gate = new GatedFactory<Record<string, string>>();
    const loaded: string[][] = [];
    const some = first.getOrSetMany(['a', 'b'], gate.factory);
    await gate.entered;
    const more = second.cache.getOrSetMany(['a', 'b', 'c', 'd'], (keys) => {
      loaded.push(keys);
      return keys.map((key) => [key, `second ${key}`] as const);
    });
    await asked(second.calls, 4);
    gate.open({ a: 'first a' });
    expect(await some).toEqual(new Map([['a', 'first a']]));
    expect(Object.fromEntries(await more)).toEqual({
      a: 'first a',
      b: 'second b',
      c: 'second c',
      d: 'second d',
    });
    expect(loaded.map((keys) => keys.sort())).toEqual([['c', 'd'], ['b']]);
  });

  it('RT21 keys that another process does not make in time are loaded by this one, once each', async () => {
    const loaded: string[][] = [];
    for (const key of ['a', 'b', 'c']) await context.store.set(context.leaseKey(key), randomUUID(), 60_000);
    const found = await elsewhere({ ...SHARED, wait: 0 }).getOrSetMany(['a', 'b', 'c'], (keys) => {
      loaded.push(keys);
      return Object.fromEntries(keys.map((key) => [key, key]));
    });
    expect(Object.fromEntries(found)).toEqual({ a: 'a', b: 'b', c: 'c' });
    expect(loaded.flat().sort()).toEqual(['a', 'b', 'c']);
    expect(await context.cache.getMany(['a', 'b', 'c'])).toEqual(new Map());
  });

  it('RT20 a waiter whose Redis is down computes, where it was told to', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    await context.store.set(context.leaseKey('k'), 'another run', 60_000);
    let looks = 0;
    const verbs: Partial<KeyValueStore> = {
      lookUpKept: (keys, options) =>
        ++looks % 2 === 1
          ? context.store.lookUpKept(keys, options)
          : Promise.reject(new RedisConnectionError('Redis is down')),
    };
    const cache = context.reading(SHARED, storeWith(context.store, verbs));
    await expect(cache.getOrSet('k', () => 1)).rejects.toThrow(RedisConnectionError);
    expect(await cache.getOrSet('k', () => 2, { whenUnavailable: 'compute' })).toBe(2);
    expect(await context.cache.has('k')).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  it('RT16 naming it in a call of a cache without it is a TypeError', async () => {
    const plain = context.cache;
    for (const options of [{ singleFlight: 'shared' }, { lease: 5 }, { wait: 5 }] as const)
      await expect(plain.getOrSet('k', () => 1, options)).rejects.toThrow(
        new RegExp(`^${Object.keys(options).join()}: .*readThrough\\.singleFlight`),
      );
    expect(await elsewhere().getOrSet('k', () => 1, { singleFlight: 'shared', lease: '1m', wait: 0 })).toBe(
      1,
    );
  });
});
