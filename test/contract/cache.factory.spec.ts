import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import type { CacheService } from '../../lib/cache/cache.service.js';
import { CacheFactoryCycleError, CacheFactoryTimeoutError } from '../../lib/errors/cache-factory.errors.js';
import { SerializationError } from '../../lib/errors/serialization.error.js';
import { GatedFactory } from '../support/gated-factory.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

const never = (): Promise<never> => new Promise(() => undefined);

describeCacheOnEveryStore('Cache, factories', (context) => {
  let warn: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  });
  afterEach(() => warn.mockRestore());

  it('RT2 a factory beyond factoryTimeout: everybody gets the error, the signal is aborted, the key is free', async () => {
    let signal: AbortSignal | undefined;
    const callers = Array.from({ length: 3 }, () =>
      context.cache.getOrSet(
        'k',
        (given) => {
          signal = given.signal;
          return never();
        },
        { factoryTimeout: '20ms' },
      ),
    );
    for (const outcome of await Promise.allSettled(callers))
      expect(outcome).toMatchObject({
        reason: {
          name: 'CacheFactoryTimeoutError',
          code: 'CODEX_REDIS_CACHE_FACTORY_TIMEOUT',
          key: 'k',
          timeoutMs: 20,
        },
      });
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBeInstanceOf(CacheFactoryTimeoutError);
    expect(await context.cache.getOrSet('k', () => 'fresh')).toBe('fresh');
  });

  it.each(['late', new Error('late')])('RT2 what comes late is dropped: %p', async (late) => {
    let settle: () => void = () => undefined;
    const asked = context.cache.getOrSet(
      'k',
      () =>
        new Promise<string>((resolve, reject) => {
          settle = () => (typeof late === 'string' ? resolve(late) : reject(late));
        }),
      { factoryTimeout: 0.02 },
    );
    await expect(asked).rejects.toThrow(CacheFactoryTimeoutError);
    settle();
    await pause(5);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT2 without a bound a factory may take as long as it likes; with one in time nothing is aborted', async () => {
    const setTimer = jest.spyOn(global, 'setTimeout');
    try {
      const gate = new GatedFactory<string>();
      const unbounded = context.cache.getOrSet('k', gate.factory, { factoryTimeout: null });
      await gate.entered;
      const bounds = (): unknown[] => setTimer.mock.calls.map(([, ms]) => ms);
      expect(bounds()).not.toContain(30_000);
      gate.open('made');
      expect(await unbounded).toBe('made');
      let signal: AbortSignal | undefined;
      await context.cache.getOrSet('other', (given) => {
        signal = given.signal;
        return 1;
      });
      expect(bounds()).toContain(30_000);
      expect(signal?.aborted).toBe(false);
    } finally {
      setTimer.mockRestore();
    }
  });

  it.each([0, -1, NaN, Infinity, 'soon', '25 days', {}])(
    'RT2 a factoryTimeout of %p is a TypeError',
    async (factoryTimeout) => {
      const call = context.cache.getOrSet('k', () => 1, { factoryTimeout: factoryTimeout as number });
      await expect(call).rejects.toThrow(/^factoryTimeout: expected seconds above 0/);
    },
  );

  const ask = (cache: CacheService, [key, ...rest]: string[]): Promise<unknown> =>
    cache.getOrSet(String(key), () => (rest.length === 0 ? 1 : ask(cache, rest)));

  it.each([
    [['a', 'a'], 'a'],
    [['a', 'b', 'a'], 'a,b'],
    [['x', 'a', 'b', 'c', 'a'], 'a,b,c'],
  ])('RT3 factories that wait for each other are an error: %p', async (keys, cycle) => {
    const error: unknown = await ask(context.cache, keys).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CacheFactoryCycleError);
    expect(String((error as CacheFactoryCycleError).keys)).toBe(cycle);
    expect((error as Error).message).toContain('"a"');
    expect(await context.redisKeys()).toEqual([]);
    expect(await context.cache.getOrSet('a', () => 1)).toBe(1);
  });

  it('RT3 a cycle of two calls that began apart is one too', async () => {
    const { cache } = context;
    const [a, b] = [new GatedFactory<void>(), new GatedFactory<void>()];
    const one = cache.getOrSet('a', async () => {
      await a.factory();
      return cache.getOrSet('b', () => 1);
    });
    const other = cache.getOrSet('b', async () => {
      await b.factory();
      return cache.getOrSet('a', () => 1);
    });
    await Promise.all([a.entered, b.entered]);
    a.open();
    b.open();
    const outcomes = await Promise.allSettled([one, other]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ reason: { name: 'CacheFactoryCycleError' } });
  });

  it('RT3 what only shares a dependency is no cycle', async () => {
    const { cache } = context;
    const shared = (): Promise<number> => cache.getOrSet('shared', () => pause(2, 1));
    const sum = await cache.getOrSet('sum', async () => {
      const parts = await Promise.all([
        cache.getOrSet('left', shared),
        cache.getOrSet('right', shared),
        shared(),
        shared(),
      ]);
      return parts.reduce((total, part) => total + part, 0);
    });
    expect(sum).toBe(4);
  });

  it('RT4 an unreadable entry is created again, with one warning for the key; get and getMany stay strict', async () => {
    const { cache, store } = context;
    await store.set(context.redisKey('k'), 'gzip:H4sIA', null);
    await expect(cache.get('k')).rejects.toThrow(SerializationError);
    await expect(cache.getMany(['k'])).rejects.toThrow(SerializationError);
    const values = await Promise.all(
      Array.from({ length: 20 }, () => cache.getOrSet('k', () => ({ n: 1 }), 60)),
    );
    expect(values).toEqual(values.map(() => ({ n: 1 })));
    expect(await cache.get('k')).toEqual({ n: 1 });
    expect(await cache.ttl('k')).toBeLessThanOrEqual(60);
    await store.set(context.redisKey('k'), 'gzip:H4sIA', null);
    expect(await cache.getOrSet('k', () => 2)).toBe(2);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0])).toContain('cache key "k"');
    expect(String(warn.mock.calls[0])).not.toContain('H4sIA');
  });

  it.each([
    ['readable', '"theirs"', 'theirs', '"theirs"'],
    ['unreadable too', 'gzip:new', 'mine', 'gzip:new'],
    ['deleted', null, 'mine', null],
  ])('RT4 what another process put in its place meanwhile stays: %s', async (_, text, value, stored) => {
    const redisKey = context.redisKey('k');
    await context.store.set(redisKey, 'gzip:H4sIA', null);
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    if (text === null) await context.other.delete(redisKey);
    else await context.other.set(redisKey, text, null);
    gate.open('mine');
    expect(await asked).toBe(value);
    expect(await context.store.get(redisKey)).toBe(stored);
  });

  it('RT4 a delete by this process during the run is not undone', async () => {
    await context.store.set(context.redisKey('k'), 'gzip:H4sIA', null);
    const gate = new GatedFactory<string>();
    const asked = context.cache.getOrSet('k', gate.factory);
    await gate.entered;
    await context.cache.delete('k');
    gate.open('late');
    expect(await asked).toBe('late');
    expect(await context.redisKeys()).toEqual([]);
  });
});
