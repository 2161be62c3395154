import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import { CacheKeyNotFoundError } from '../../lib/errors/cache-key-not-found.error.js';
import { jest } from '@jest/globals';
import { setImmediate as eventLoop } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { SerializationError } from '../../lib/errors/serialization.error.js';
import { RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import { Faults } from '../../lib/testing/faults.js';
import { cacheOperations } from '../../lib/telemetry/cache-channel.js';
import { type CacheEvents, cacheEvents } from '../support/cache-events.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { recorded } from '../support/sessions.js';
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

  const settled = (): Promise<void> => flightsOn(context.store).settled();

  it('OB1 each call is one event of nestjs-codex-redis:cache: operation, cache name, outcome, duration', async () => {
    const { cache } = context;
    await cache.set('k', 1);
    await cache.get('k');
    await cache.get('none', 'default');
    await cache.add('k', 2);
    await cache.add('l', 2);
    await cache.has('k');
    await cache.has('none');
    await cache.ttl('k');
    await cache.ttl('none');
    await cache.touch('k');
    await cache.expire('none', 1);
    await cache.expireAt('k', context.inFuture(60_000));
    await cache.persist('k');
    await cache.incr('k');
    await cache.decr('k');
    await expect(cache.incr('none')).rejects.toThrow(CacheKeyNotFoundError);
    await cache.setMany({ a: 1, b: 2 });
    await cache.getMany(['a', 'b']);
    await cache.getMany(['a', 'none', 'b']);
    await cache.incrVersion('a');
    await cache.deleteMany(['b', 'none']);
    await cache.delete('k');
    await cache.delete('none');
    await cache.withLock('lock', () => undefined);
    await cache.deletePattern('l');
    await cache.clear();
    expect(events.of()).toEqual([
      told('set', 'done'),
      told('get', 'hit'),
      told('get', 'miss'),
      told('add', 'hit'),
      told('add', 'done'),
      told('has', 'hit'),
      told('has', 'miss'),
      told('ttl', 'hit'),
      told('ttl', 'miss'),
      told('touch', 'hit'),
      told('expire', 'miss'),
      told('expireAt', 'hit'),
      told('persist', 'hit'),
      told('incr', 'done'),
      told('incr', 'done'),
      told('incr', 'miss'),
      told('setMany', 'done'),
      told('getMany', 'hit', { keys: 2, hits: 2 }),
      told('getMany', 'miss', { keys: 3, hits: 2 }),
      told('incrVersion', 'done'),
      told('deleteMany', 'done'),
      told('delete', 'hit'),
      told('delete', 'miss'),
      told('withLock', 'done'),
      told('deletePattern', 'done'),
      told('clear', 'done'),
    ]);
  });

  it('OB1 the invalidation of tags is an event, which names none', async () => {
    const cache = context.open({ tags: true, keyGroup: (key) => key });
    await cache.set('k', 1, { tags: ['secret'] });
    await cache.invalidateTags('secret');
    await cache.get('k');
    expect(events.of()).toEqual([
      told('set', 'done', { keyGroup: 'k' }),
      told('invalidateTags', 'done'),
      told('get', 'miss', { keyGroup: 'k' }),
    ]);
  });

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

  it('OB1 getOrSet: hit, miss with what the factory took, joined, fenced', async () => {
    const { cache } = context;
    await cache.getOrSet('k', () => 1);
    await cache.getOrSet('k', () => 2);
    expect(events.all.map(({ factoryDuration }) => typeof factoryDuration)).toEqual(['number', 'undefined']);
    const gate = new GatedFactory<string>();
    const calls = [cache.getOrSet('l', gate.factory), cache.getOrSet('l', gate.factory)];
    await gate.entered;
    gate.open('made');
    await Promise.all(calls);
    const fenced = new GatedFactory<string>();
    const call = cache.getOrSet('m', fenced.factory);
    await fenced.entered;
    await cache.delete('m');
    fenced.open('made');
    expect(await call).toBe('made');
    expect(events.of('getOrSet')).toEqual([
      told('getOrSet', 'miss'),
      told('getOrSet', 'hit'),
      told('getOrSet', 'miss'),
      told('getOrSet', 'joined'),
      told('getOrSet', 'fenced'),
    ]);
  });

  it('OB1 getOrSetMany tells how many keys it was asked for, and how many Redis had', async () => {
    const { cache } = context;
    await cache.set('a', 1);
    await cache.getOrSetMany(['a', 'b', 'c'], (missing) => missing.map((key) => [key, 2] as const));
    await cache.getOrSetMany(['a', 'b'], () => []);
    expect(events.of('getOrSetMany')).toEqual([
      told('getOrSetMany', 'miss', { keys: 3, hits: 1 }),
      told('getOrSetMany', 'hit', { keys: 2, hits: 2 }),
    ]);
  });

  it('OB1 a stale value, and the refresh that continues in the background', async () => {
    const soft = context.reading({ grace: 3600, softTimeout: '20ms' });
    await soft.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await soft.getOrSet('k', gate.factory)).toBe('old');
    gate.open('new');
    await settled();
    expect(await soft.getOrSet('k', gate.factory)).toBe('new');
    expect(events.of('getOrSet', 'refresh')).toEqual([
      told('getOrSet', 'stale', { reason: 'slow' }),
      told('refresh', 'done'),
      told('getOrSet', 'hit'),
    ]);
    const ahead = context.reading({ refreshAhead: 0.5 });
    await ahead.set('k2', 'old', 100);
    await context.pass('k2', 60);
    events.all.length = 0;
    expect(await ahead.getOrSet('k2', () => 'new', 100)).toBe('old');
    await settled();
    expect(events.of().sort(byOperation)).toEqual([told('getOrSet', 'hit'), told('refresh', 'done')]);
  });

  it('OB1 waited: another process was making the value', async () => {
    const options = { singleFlight: 'shared', wait: '10s' } as const;
    const gate = new GatedFactory<string>();
    const making = context.readingElsewhere(options).getOrSet('k', gate.factory);
    await gate.entered;
    const { store, calls } = recorded(context.other);
    const waiting = context.reading(options, store).getOrSet('k', () => 'own');
    while (!calls.includes('lookUpKept')) await context.store.has('anything');
    gate.open('made');
    expect(await Promise.all([making, waiting])).toEqual(['made', 'made']);
    expect(events.of('getOrSet')).toEqual([told('getOrSet', 'miss'), told('getOrSet', 'waited')]);
  });

  it('OB1 error: of Redis and of a factory, by its name only', async () => {
    const faults = new Faults();
    const cache = context.open({}, faults.wrap(context.store));
    faults.failNext({ times: Infinity }, new RedisTimeoutError(1000));
    await expect(cache.get('k')).rejects.toThrow(RedisTimeoutError);
    await expect(cache.set('k', 1)).rejects.toThrow(RedisTimeoutError);
    await expect(cache.getMany(['k'])).rejects.toThrow(RedisTimeoutError);
    faults.clear();
    await expect(cache.getOrSet('k', failing)).rejects.toThrow();
    const error = 'RedisTimeoutError';
    expect(events.of()).toEqual([
      told('get', 'error', { error }),
      told('set', 'error', { error }),
      told('getMany', 'error', { error }),
      told('getOrSet', 'error', { error: 'Error' }),
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
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    try {
      const cache = context.open({
        keyGroup: () => {
          throw new RangeError('user:secret');
        },
      });
      await cache.set('user:secret', 1);
      expect(await cache.get('user:secret')).toBe(1);
      expect(events.of()).toEqual([told('set', 'done'), told('get', 'hit')]);
      expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
        'keyGroup of the cache "default" has thrown RangeError; operations on such keys are told without a group',
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  it('OB1 an asynchronous keyGroup, which its type refuses, costs the group and ends no process', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const keyGroup = (() => Promise.reject(new Error('of the group'))) as never;
      const cache = context.open({ keyGroup });
      await cache.set('k', 1);
      await cache.getMany(['k', 'l']);
      // Node tells of a rejection that nobody handles once the microtasks are done
      await eventLoop();
      expect(unhandled).not.toHaveBeenCalled();
      expect(events.all.map(({ operation, keyGroup: group }) => [operation, group])).toEqual([
        ['set', undefined],
        ['getMany', undefined],
      ]);
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('OB1 no event is made while there is no subscriber', async () => {
    events.end();
    const begin = jest.spyOn(cacheOperations, 'begin');
    try {
      const keyGroup = jest.fn((key: string) => key);
      const cache = context.open({ keyGroup });
      await cache.set('k', 1);
      await cache.get('k');
      await cache.getOrSet('l', () => 1);
      await cache.getOrSetMany(['k', 'm'], () => ({ m: 1 }));
      for await (const key of cache.keys()) expect(key).not.toBe('');
      expect([begin.mock.calls, keyGroup.mock.calls]).toEqual([[], []]);
      events = cacheEvents();
      await cache.get('k');
      expect([begin.mock.calls.length, keyGroup.mock.calls.length]).toEqual([1, 1]);
    } finally {
      begin.mockRestore();
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
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, errors: 3, hitRate: undefined });
    expect(events.all.filter(({ outcome }) => outcome === 'error')).toHaveLength(3);
  });
});

/** A store that nobody can walk over. */
const unscannable = {
  async *scan(): AsyncGenerator<string[]> {
    yield await Promise.reject<string[]>(new RedisTimeoutError(1000));
  },
};

const throwing = (error: unknown): never => {
  throw error as Error;
};

const byOperation = (one: object, other: object): number =>
  JSON.stringify(one).localeCompare(JSON.stringify(other));
