import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CommandStats } from '../support/command-stats.js';
import { failing } from '../support/failing.js';
import { redisCli } from '../support/redis-cli.js';
import { RedisServer } from '../support/redis-server.js';
import { recorded } from '../support/sessions.js';
import { openRedis } from '../support/stores.js';

describe('Cache, what reading through costs Redis', () => {
  let server: RedisServer;
  let stats: CommandStats;
  let store: KeyValueStore;
  let calls: string[];
  /** The store of the cache that was opened last. */
  let watched: KeyValueStore;

  const opened = (options: ReadThroughOptions): CacheService => {
    const recording = recorded(store);
    calls = recording.calls;
    watched = recording.store;
    return new CacheService(
      recording.store,
      {
        place: 'cache.',
        keyPrefix: 'app',
        timeoutMs: 300_000,
        version: 1,
        readThrough: settle(readThroughOptions, options),
      },
      new JsonSerializer(),
    );
  };

  beforeAll(async () => {
    server = await RedisServer.start();
    stats = await CommandStats.of(server.url);
    store = openRedis(server.url);
  });

  afterAll(async () => {
    await store.close();
    stats.close();
    await server.stop();
  });

  beforeEach(() => stats.client.sendCommand(['FLUSHALL']));

  /** Each verb is one command or one script. */
  const verbs = async (work: () => Promise<unknown>): Promise<string[]> => {
    calls.length = 0;
    await work();
    await flightsOn(watched).settled();
    return [...calls];
  };

  /** Lets an entry of the cache expire, and the noted end with it. */
  const expire = (key: string): void => {
    redisCli(server.port, 'DEL', `app:1:${key}`);
    redisCli(server.port, 'HSET', `app:grace:{app:1:${key}}`, 'x', String(Date.now() - 1000));
  };

  it('RT1 RT5 a cache that keeps nothing beside its entries sends what it would send without these options', async () => {
    const cache = opened({ factoryTimeout: '5s', jitter: 0.1, nullTimeout: 5, whenUnavailable: 'compute' });
    const counts = await stats.during(async () => {
      await cache.getOrSet('k', () => 1);
      await cache.getOrSet('k', () => 1);
      await cache.set('k', 2);
      await cache.add('k', 3);
      await cache.touch('k');
      await cache.deleteMany(['k', 'l']);
    });
    expect(counts).toEqual({ get: 2, set: 3, pexpire: 1, unlink: 1 });
    expect(await stats.client.keys('*')).toEqual([]);
  });

  it('RT9 a hit with grace is one GET', async () => {
    const cache = opened({ grace: 60 });
    await cache.getOrSet('k', () => 1);
    expect(await stats.during(() => cache.getOrSet('k', failing))).toEqual({ get: 1 });
    expect(await stats.during(() => cache.getOrSetMany(['k', 'k'], failing))).toEqual({ mget: 1 });
  });

  it('RT1 RT8 a miss costs 3 with grace, a stale value 3 too', async () => {
    const cache = opened({ grace: 60 });
    expect(await verbs(() => cache.getOrSet('k', () => 1))).toEqual(['get', 'lookUpKept', 'writeKept']);
    expire('k');
    expect(await verbs(() => cache.getOrSet<unknown>('k', failing))).toEqual([
      'get',
      'lookUpKept',
      'lookUpKept',
    ]);
    expect(await verbs(() => cache.getOrSet<unknown>('k', failing))).toEqual(['get', 'lookUpKept']);
  });

  it('RT10 refreshing ahead costs a hit one script, and 2 more for a run behind', async () => {
    const cache = opened({ refreshAhead: 0.5 });
    expect(await verbs(() => cache.getOrSet('k', () => 1, 100))).toEqual(['lookUpKept', 'writeKept']);
    expect(await verbs(() => cache.getOrSet('k', () => 1, 100))).toEqual(['lookUpKept']);
    redisCli(server.port, 'PEXPIRE', 'app:1:k', '40000');
    expect(await verbs(() => cache.getOrSet('k', () => 1, 100))).toEqual(['lookUpKept', 'writeKept']);
  });

  it('RT16 a hit of a shared flight is one GET; the owner of a cold key costs 2 scripts more', async () => {
    const cache = opened({ singleFlight: 'shared' });
    const { eval: first = 0, evalsha = 0 } = await stats.during(() => cache.getOrSet('k', () => 1));
    expect(first + evalsha).toBe(2);
    expect(await stats.during(() => cache.getOrSet('k', failing))).toEqual({ get: 1 });
    expect(await stats.client.keys('*')).toEqual(['app:1:k']);
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>, string[]]>([
    ['getOrSet of a cold key', (cache) => cache.getOrSet('k', () => 1), ['get', 'lookUpKept', 'writeKept']],
    ['set', (cache) => cache.set('k', 1), ['writeKept']],
    ['add', (cache) => cache.add('k', 1), ['writeKept']],
    ['touch', (cache) => cache.touch('k'), ['expireKept']],
    ['delete', (cache) => cache.delete('k'), ['deleteMany', 'delete']],
    ['deleteMany', (cache) => cache.deleteMany(['a', 'b']), ['deleteMany', 'deleteMany']],
    ['touch with 0', (cache) => cache.touch('k', 0), ['deleteMany', 'delete']],
    ['get', (cache) => cache.get('k'), ['get']],
    ['getMany', (cache) => cache.getMany(['a', 'b']), ['getMany']],
    [
      'clear',
      (cache) => cache.clear(),
      ['scan', 'deleteMany', 'deleteMany', 'scan', 'deleteMany', 'deleteMany'],
    ],
  ])('RT16 RT18 what %s costs a cache that shares flights', async (_, call, expected) => {
    const cache = opened({ singleFlight: 'shared' });
    expect(await verbs(() => call(cache))).toEqual(expected);
  });

  it('RT18 delete ends a lease in the same round trip: one UNLINK of it and one of the entry', async () => {
    for (const options of [{ singleFlight: 'shared' }, { singleFlight: 'shared', grace: 60 }] as const) {
      const cache = opened(options);
      await cache.set('k', 1);
      expect(await stats.during(() => cache.delete('k'))).toEqual({ unlink: 2 });
      expect(await stats.during(() => cache.deleteMany(['k', 'l']))).toEqual({ unlink: 2 });
    }
  });

  it.each<[string, (cache: CacheService) => Promise<unknown>, string[]]>([
    ['set', (cache) => cache.set('k', 1), ['writeKept']],
    ['add', (cache) => cache.add('k', 1), ['writeKept']],
    ['setMany of 2', (cache) => cache.setMany({ a: 1, b: 2 }), ['writeKept', 'writeKept']],
    ['incr', (cache) => cache.set('k', 1).then(() => cache.incr('k')), ['writeKept', 'incrementKept']],
    ['touch', (cache) => cache.touch('k'), ['expireKept']],
    ['persist', (cache) => cache.persist('k'), ['expireKept']],
    ['delete', (cache) => cache.delete('k'), ['deleteMany', 'delete']],
    ['deleteMany', (cache) => cache.deleteMany(['a', 'b']), ['deleteMany', 'deleteMany']],
    ['touch with 0', (cache) => cache.touch('k', 0), ['deleteMany', 'delete']],
    ['get', (cache) => cache.get('k'), ['get']],
    ['getMany', (cache) => cache.getMany(['a', 'b']), ['getMany']],
    ['has', (cache) => cache.has('k'), ['has']],
    ['ttl', (cache) => cache.ttl('k'), ['remaining']],
    ['set with 0', (cache) => cache.set('k', 1, 0), ['deleteMany', 'delete']],
    ['deleteMany of none', (cache) => cache.deleteMany([]), ['deleteMany', 'deleteMany']],
  ])('RT5 what %s costs a cache with grace', async (_, call, expected) => {
    const cache = opened({ grace: 60 });
    expect(await verbs(() => call(cache))).toEqual(expected);
  });

  it('C53 delete is one UNLINK of companions and one of entries, clear the same for each page', async () => {
    const cache = opened({ grace: 60 });
    const names = Array.from({ length: 300 }, (_, i) => `k${i}`);
    await cache.setMany(names.map((name) => [name, 1] as const));
    expect(await stats.during(() => cache.deleteMany(names.slice(0, 50)))).toEqual({ unlink: 2 });
    expect(await stats.during(() => cache.delete('k50'))).toEqual({ unlink: 2 });
    expect(await stats.during(() => cache.deleteMany([]))).toEqual({});
    for (const key of ['k60', 'k61']) expire(key);
    expect(await cache.clear()).toBe(247);
    expect(await stats.client.keys('*')).toEqual([]);
  });

  it('RT13 keep() does not send the value again', async () => {
    const cache = opened({ grace: 60, refreshAhead: 0.5 });
    const value = 'x'.repeat(500_000);
    await cache.set('k', value, 100);
    const received = async (): Promise<number> => {
      const info = await stats.client.sendCommand<string>(['INFO', 'stats']);
      return Number(/total_net_input_bytes:(\d+)/.exec(info)?.[1]);
    };
    const before = await received();
    redisCli(server.port, 'PEXPIRE', 'app:1:k', '40000');
    await cache.getOrSet<unknown>('k', ({ keep }) => keep(), 100);
    await flightsOn(watched).settled();
    expect(await store.remaining('app:1:k')).toBeGreaterThan(90_000);
    expire('k');
    await cache.getOrSet<unknown>('k', ({ keep }) => keep(), 100);
    expect(await cache.get('k')).toBe(value);
    expect((await received()) - before).toBeLessThan(100_000);
  });

  it('RT21 getOrSetMany is one MGET and one round trip of writes', async () => {
    const cache = opened({});
    const load = (keys: string[]): Map<string, number> => new Map(keys.map((key) => [key, 1]));
    expect(await stats.during(() => cache.getOrSetMany(['a', 'b', 'c'], load))).toEqual({ mget: 1, set: 3 });
    expect(await stats.during(() => cache.getOrSetMany(['a', 'b', 'c'], load))).toEqual({ mget: 1 });
    const kept = opened({ grace: 60 });
    expect(await verbs(() => kept.getOrSetMany(['a', 'x', 'y'], load))).toEqual([
      'getMany',
      'lookUpKept',
      'lookUpKept',
      'writeKept',
      'writeKept',
    ]);
  });

  it('RT5 a value stays plain JSON under its key; the companion is a hash in its slot', async () => {
    const cache = opened({ grace: 60 });
    await cache.set('user:42', { n: 1 }, 30);
    expect(redisCli(server.port, 'GET', 'app:1:user:42')).toBe('{"n":1}');
    expect((await stats.client.keys('*')).sort()).toEqual(['app:1:user:42', 'app:grace:{app:1:user:42}']);
    expect(Number(redisCli(server.port, 'TTL', 'app:grace:{app:1:user:42}'))).toBeGreaterThan(80);
  });

  it('RT5 a key function, and keys with braces: companions are found by clear() and hidden from keys()', async () => {
    const cache = new CacheService(
      store,
      {
        place: 'cache.',
        keyPrefix: 'app',
        timeoutMs: 300_000,
        version: 1,
        keyFunction: (key, prefix) => `${prefix}:${key}`,
        keyPattern: {
          glob: (pattern, prefix) => `${prefix}:${pattern}`,
          parse: (redisKey, prefix) => ({ key: redisKey.slice(prefix.length + 1), version: 1 }),
        },
        readThrough: settle(readThroughOptions, { grace: 60 }),
      },
      new JsonSerializer(),
    );
    const names = ['plain', '{tag}:a', 'a}b', '}{'];
    await cache.setMany(names.map((name) => [name, 1] as const));
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys.sort()).toEqual([...names].sort());
    redisCli(server.port, 'DEL', 'app:plain');
    expect(await cache.deletePattern('p*')).toBe(0);
    expect(await stats.client.exists('app:grace:{app:plain}')).toBe(0);
    expect(await cache.clear()).toBe(3);
    expect(await stats.client.keys('*')).toEqual([]);
  });
});
