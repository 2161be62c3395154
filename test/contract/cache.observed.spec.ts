import { jest } from '@jest/globals';
import { setImmediate as eventLoop } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { SerializationError } from '../../lib/errors/serialization.error.js';
import { RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import { Faults } from '../../lib/testing/faults.js';
import type { CacheOperation } from '../../lib/telemetry/cache-channel.js';
import { type CacheEvents, cacheEvents } from '../support/cache-events.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { CACHE_OUTCOMES, CacheScene } from '../support/outcomes/cache-outcomes.js';
import { drivenOf, eventsOf, madeBy, SECRET } from '../support/outcomes/driving.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const told = (operation: string, outcome: string, more: object = {}): object => ({
  operation,
  cache: 'default',
  outcome,
  ...more,
});

describeOnEveryStore('Cache, observed', (context) => {
  let events: CacheEvents;
  beforeEach(() => {
    events = cacheEvents();
  });
  afterEach(() => events.end());

  let warn: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  });
  afterEach(() => warn.mockRestore());

  it.each(Object.keys(CACHE_OUTCOMES) as CacheOperation[])(
    'OB1 %s is one event of nestjs-codex-redis:cache with each of its outcomes, and no event is made while nobody listens',
    async (operation) => {
      events.end();
      for (const { outcome, way, prepare } of drivenOf(CACHE_OUTCOMES, [operation])) {
        const ending = `${operation} ${outcome} ${way ?? ''}`;
        const silent = new CacheScene(context, true);
        const unheard = await prepare(silent);
        expect([ending, await madeBy(unheard)]).toEqual([ending, { begun: 0, published: 0 }]);
        expect([ending, silent.keyGroup.mock.calls]).toEqual([ending, []]);
        for (const hasGroups of [false, true]) {
          const call = await prepare(new CacheScene(context, hasGroups));
          const { all, failure } = await eventsOf(cacheEvents, call);
          const own = all.filter((event) => event.operation === operation);
          const told = own.map(({ cache, outcome, reason, error }) => ({ cache, outcome, reason, error }));
          const reason = outcome === 'stale' ? way : undefined;
          const error = errorOf(outcome, way, failure);
          expect([ending, told]).toEqual([ending, [{ cache: 'default', outcome, reason, error }]]);
          expect([undefined, ...(hasGroups ? ['group'] : [])]).toContain(own[0]!.keyGroup);
          expect([ending, JSON.stringify(all)]).toEqual([ending, expect.not.stringContaining(SECRET)]);
        }
      }
    },
  );

  it('OB1 a walk over keys() is one event, however it ends, and names none', async () => {
    const cache = context.open({ keyGroup: (key) => key });
    await cache.setMany({ secret1: 1, secret2: 2 });
    const walk = async (see = (): void => undefined): Promise<number> => {
      let seen = 0;
      for await (const key of cache.keys('secret*')) {
        see();
        seen += key.length > 0 ? 1 : 0;
      }
      return seen;
    };
    expect(await walk()).toBe(2);
    await expect(walk(() => throwing(new Error('of the caller')))).rejects.toThrow('of the caller');
    for await (const key of cache.keys('secret*')) if (key !== '') break;
    const silent = unscannable as unknown as typeof context.store;
    await expect(context.open({}, silent).keys().next()).rejects.toThrow(RedisTimeoutError);
    const done = told('keys', 'done');
    expect(events.of('keys')).toEqual([
      done,
      done,
      done,
      told('keys', 'error', { error: 'RedisTimeoutError' }),
    ]);
  });

  it('OB1 the duration of a factory is told by the call that ran it', async () => {
    const { cache } = context;
    await cache.getOrSet('k', () => 1);
    await cache.getOrSet('k', () => 2);
    await cache.getOrSetMany(['k', 'l'], () => ({ l: 1 }));
    expect(events.all.map(({ factoryDuration }) => typeof factoryDuration)).toEqual([
      'number',
      'undefined',
      'number',
    ]);
  });

  it('OB1 a call for many tells how many keys it was asked for, and how many Redis had', async () => {
    const { cache } = context;
    await cache.setMany({ a: 1, d: 1 });
    await cache.getMany(['a', 'd']);
    await cache.getMany(['a', 'none', 'd']);
    await cache.getOrSetMany(['a', 'b', 'c'], (missing) => missing.map((key) => [key, 2] as const));
    await cache.getOrSetMany(['a', 'b'], () => []);
    expect(events.of('getMany', 'getOrSetMany')).toEqual([
      told('getMany', 'hit', { keys: 2, hits: 2 }),
      told('getMany', 'miss', { keys: 3, hits: 2 }),
      told('getOrSetMany', 'miss', { keys: 3, hits: 1 }),
      told('getOrSetMany', 'hit', { keys: 2, hits: 2 }),
    ]);
  });

  it('OB1 never a key or a value, unless keyGroup maps it', async () => {
    const use = async (settings: Parameters<typeof context.open>[0]): Promise<void> => {
      const cache = context.open(settings);
      await cache.set('user:secret', 'value');
      await cache.getOrSet('user:secret', () => 'value');
      await cache.getMany(['user:secret', 'user:other']);
      await cache.getMany(['user:secret', 'book:secret']);
      await cache.deletePattern('user:*');
      await cache.withLock('user:secret', () => undefined);
    };
    await use({});
    expect(JSON.stringify(events.all)).not.toMatch(/secret|value|user/);
    events.all.length = 0;
    await use({ keyGroup: (key) => key.split(':')[0] });
    expect(events.all.map(({ operation, keyGroup }) => [operation, keyGroup])).toEqual([
      ['set', 'user'],
      ['getOrSet', 'user'],
      ['getMany', 'user'],
      ['getMany', undefined],
      ['deletePattern', undefined],
      ['withLock', undefined],
    ]);
    expect(JSON.stringify(events.all)).not.toMatch(/secret|value/);
  });

  it('OB1 a call for many has a key group however its keys are given, and one for none has no outcome of a key', async () => {
    const cache = context.open({ keyGroup: (key) => key.split(':')[0] });
    const keys = ['user:1', 'user:2'];
    await cache.setMany({ 'user:1': 1, 'user:2': 2 });
    await cache.setMany(new Map(keys.map((key) => [key, 1])));
    await cache.getMany(new Set(keys));
    await cache.deleteMany(new Set(keys));
    await cache.deleteMany(keys.values());
    await cache.getMany([]);
    await cache.getOrSetMany([], () => ({}));
    const keyGroup = 'user';
    expect(events.of()).toEqual([
      told('setMany', 'done', { keyGroup }),
      told('setMany', 'done', { keyGroup }),
      told('getMany', 'hit', { keyGroup, keys: 2, hits: 2 }),
      told('deleteMany', 'done', { keyGroup }),
      told('deleteMany', 'done', { keyGroup }),
      told('getMany', 'done', { keys: 0, hits: 0 }),
      told('getOrSetMany', 'done', { keys: 0, hits: 0 }),
    ]);
  });

  it('OB1 the caller gets the very error, and the event a short text, whatever its name is', async () => {
    const unreadable = Object.defineProperty(new Error(), 'name', {
      get: () => {
        throw new Error('not this one');
      },
    });
    const named = (name: unknown): Error => Object.assign(new Error(), { name });
    const thrown = [
      unreadable,
      named(Symbol('s')),
      named({}),
      named(''),
      named('N'.repeat(1000)),
      'text',
      null,
    ];
    for (const error of thrown) {
      const call = context.cache.getOrSet('k', () => throwing(error));
      expect(await call.catch((caught: unknown) => caught)).toBe(error);
    }
    expect(events.all.map(({ error }) => error)).toEqual([
      'Error',
      'Error',
      'Error',
      'Error',
      'N'.repeat(100),
      'string',
      'object',
    ]);
  });

  it('OB1 a keyGroup that throws costs the group, and one warning', async () => {
    const cache = context.open({
      keyGroup: () => {
        throw new RangeError('user:secret');
      },
    });
    await cache.set('user:secret', 1);
    expect(await cache.get('user:secret')).toBe(1);
    expect(await cache.getMany(['user:secret', 'user:other'])).toEqual(new Map([['user:secret', 1]]));
    expect(events.of()).toEqual([
      told('set', 'done'),
      told('get', 'hit'),
      told('getMany', 'miss', { keys: 2, hits: 1 }),
    ]);
    expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
      'keyGroup of the cache "default" has thrown RangeError; operations on such keys are told without a group',
    ]);
  });

  const rejecting = (): Promise<never> => Promise.reject(new Error('of the group'));

  it.each<[string, string | undefined, (key: string) => unknown]>([
    ['nothing', undefined, () => undefined],
    ['null', undefined, () => null],
    ['a number', undefined, () => 7],
    ['a symbol', undefined, () => Symbol('group')],
    ['an object with the key', undefined, (key) => ({ key })],
    ['an empty string', undefined, () => ''],
    ['a promise', undefined, () => Promise.resolve('group')],
    ['a promise that fails', undefined, rejecting],
    [
      'a promise that fails, and throws for another key',
      undefined,
      (key) => (key === 'k' ? rejecting() : throwing(1)),
    ],
    ['a string of 1,000 characters', 'g'.repeat(100), () => 'g'.repeat(1000)],
  ])('OB1 a keyGroup that returns %s ends no process; the group is %j', async (_, group, keyGroup) => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const cache = context.open({ keyGroup: keyGroup as never });
      await cache.set('k', 1);
      await cache.getMany(['k', 'l']);
      // Node tells of a rejection that nobody handles once the microtasks are done
      await eventLoop();
      expect(unhandled).not.toHaveBeenCalled();
      const of = group === undefined ? {} : { keyGroup: group };
      expect(events.of()).toEqual([
        told('set', 'done', of),
        told('getMany', 'miss', { keys: 2, hits: 1, ...of }),
      ]);
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('OB4 stats() counts what this process has read, with and without a subscriber', async () => {
    const none = { hits: 0, stale: 0, misses: 0, joined: 0, waited: 0, fenced: 0, computed: 0, errors: 0 };
    const faults = new Faults();
    for (const observes of [true, false]) {
      if (!observes) events.end();
      const cache = context.open({}, faults.wrap(context.store));
      expect(cache.stats()).toEqual({ ...none, hitRate: undefined });
      await cache.get('k');
      await cache.set('k', 1);
      await cache.get('k');
      await cache.getMany(['k', 'l']);
      expect(cache.stats()).toEqual({ ...none, hits: 2, misses: 2, hitRate: 0.5 });
      const gate = new GatedFactory<number>();
      const calls = [cache.getOrSet('l', gate.factory), cache.getOrSet('l', gate.factory)];
      await gate.entered;
      gate.open(1);
      await Promise.all(calls);
      await cache.getOrSetMany(['k', 'm'], () => ({ m: 1 }));
      faults.failNext({ times: 2 });
      await expect(cache.get('k')).rejects.toThrow();
      await expect(cache.getOrSet('k', () => 1)).rejects.toThrow();
      expect(cache.stats()).toEqual({ ...none, hits: 3, misses: 4, joined: 1, errors: 2, hitRate: 3 / 8 });
      expect(context.open().stats().hits).toBe(0);
      await cache.clear();
    }
  });

  it('OB4 each of many parallel calls counts once', async () => {
    const cache = context.open();
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const calls = Array.from({ length: 100 }, (_, i) => cache.getOrSet(keys[i % keys.length]!, () => i));
    await Promise.all([...calls, cache.getMany(['x', 'y']), cache.get('z')]);
    const { hits, misses, joined, errors } = cache.stats();
    expect([hits + misses + joined, errors]).toEqual([103, 0]);
    expect(misses).toBe(8);
  });

  it('OB4 a call that fails counts once, as an error', async () => {
    const cache = context.open();
    await cache.set('good', 1);
    await context.store.set(context.redisKey('bad'), '{', null);
    await expect(cache.get('bad')).rejects.toThrow(SerializationError);
    await expect(cache.getMany(['good', 'bad'])).rejects.toThrow(SerializationError);
    await expect(cache.getOrSetMany(['good', 'none'], failing)).rejects.toThrow();
    const wrong = { wrong: 1 } as never;
    await expect(cache.get('good', 0, wrong)).rejects.toThrow(TypeError);
    await expect(cache.getMany('good')).rejects.toThrow(TypeError);
    await expect(cache.getOrSet('good', () => 1, wrong)).rejects.toThrow(TypeError);
    await expect(cache.getOrSetMany(['good'], () => ({}), wrong)).rejects.toThrow(TypeError);
    await expect(cache.deleteMany('good')).rejects.toThrow(TypeError);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, errors: 7, hitRate: undefined });
    expect(events.all.filter(({ outcome }) => outcome === 'error')).toHaveLength(8);
  });
});

/** The name of the error that an event carries, if it carries one. */
const errorOf = (outcome: string, way: string | undefined, failure: unknown): string | undefined => {
  if (outcome === 'computed' || way === 'redis') return 'RedisConnectionError';
  if (way === 'failed') return 'Error';
  if (outcome !== 'error') return undefined;
  return failure === undefined ? (expect.any(String) as string) : (failure as Error).name;
};

/** A store that nobody can walk over. */
const unscannable = {
  async *scan(): AsyncGenerator<string[]> {
    yield await Promise.reject<string[]>(new RedisTimeoutError(1000));
  },
};

const throwing = (error: unknown): never => {
  throw error as Error;
};
