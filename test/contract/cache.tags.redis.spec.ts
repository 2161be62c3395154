import { CacheService } from '../../lib/cache/cache.service.js';
import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { type CommandCounts, CommandStats } from '../support/command-stats.js';
import { failing } from '../support/failing.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedis } from '../support/stores.js';

describe('Cache, what tags cost Redis', () => {
  let server: RedisServer;
  let stats: CommandStats;
  let store: KeyValueStore;

  const opened = (tags: boolean, options: ReadThroughOptions = {}): CacheService =>
    new CacheService(
      store,
      {
        place: 'cache.',
        keyPrefix: 'app',
        timeoutMs: 300_000,
        version: 1,
        tags,
        readThrough: settle(readThroughOptions, options),
      },
      new JsonSerializer(),
    );

  const counts = (work: () => Promise<unknown>): Promise<CommandCounts> => stats.during(work);

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

  beforeEach(async () => {
    await stats.client.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']);
    await stats.client.sendCommand(['FLUSHALL']);
  });

  it('TG2 invalidating is one command, whatever the number of tags and entries', async () => {
    const cache = opened(true);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
    await cache.setMany(many, { tags: ['a', 'b'] });
    expect(await counts(() => cache.invalidateTags('a', 'b', 'c'))).toEqual({ unlink: 1 });
    expect(await cache.getMany(Object.keys(many))).toEqual(new Map());
    expect(await counts(() => cache.invalidateTags())).toEqual({});
  });

  it('TG7 getOrSet with its tags named: a hit is one command, a miss one round trip more than without', async () => {
    const cache = opened(true);
    const ask = (): Promise<unknown> => cache.getOrSet('k', () => 1, { tags: ['a', 'b'] });
    // MGET; the script that takes tokens; the script that stores
    expect(await counts(ask)).toMatchObject({ mget: 1, evalsha: 2 });
    expect(await counts(ask)).toEqual({ mget: 1 });
    expect(await counts(() => cache.getOrSet<unknown>('k', failing))).toEqual({ mget: 2 });
    const grace = opened(true, { grace: 3600 });
    expect(await counts(() => grace.getOrSet('k', failing, { tags: ['b', 'a'] }))).toEqual({
      mget: 1,
    });
  });

  it('TG7 get, getMany, has, ttl and add: 1 command for untagged entries, 2 where any is tagged', async () => {
    const cache = opened(true);
    await cache.set('plain', 1);
    await cache.set('tagged', 1, { tags: ['a'] });
    const reads = (key: string): (() => Promise<unknown>)[] => [
      () => cache.get(key),
      () => cache.getMany([key, 'plain']),
    ];
    const scripts = (key: string): (() => Promise<unknown>)[] => [
      () => cache.has(key),
      () => cache.ttl(key),
      () => cache.add(key, 2),
    ];
    for (const read of reads('plain')) expect(await counts(read)).toEqual({ mget: 1 });
    for (const read of reads('tagged')) expect(await counts(read)).toEqual({ mget: 2 });
    for (const script of scripts('plain')) {
      const { mget, evalsha } = await counts(script);
      expect({ mget, evalsha }).toEqual({ mget: undefined, evalsha: 1 });
    }
    for (const script of scripts('tagged'))
      expect(await counts(script)).toMatchObject({ mget: 1, evalsha: 1 });
  });

  it('TG7 a cache without tags sends the commands it would send if there were none', async () => {
    const cache = opened(false);
    expect(await counts(() => cache.set('k', 1))).toEqual({ set: 1 });
    expect(await counts(() => cache.get('k'))).toEqual({ get: 1 });
    expect(await counts(() => cache.getMany(['k', 'l']))).toEqual({ mget: 1 });
    expect(await counts(() => cache.has('k'))).toEqual({ exists: 1 });
    expect(await counts(() => cache.ttl('k'))).toEqual({ pttl: 1 });
    expect(await counts(() => cache.add('k', 1))).toEqual({ set: 1 });
    expect(await counts(() => cache.touch('k', 10))).toEqual({ pexpire: 1 });
    expect(await counts(() => cache.getOrSet<unknown>('k', failing))).toEqual({ get: 1 });
    expect(await counts(() => cache.getOrSet('new', () => 1))).toEqual({ get: 1, set: 1 });
    expect(await counts(() => cache.delete('k'))).toEqual({ unlink: 1 });
    const grace = opened(false, { grace: 3600 });
    expect(await counts(() => grace.get('new'))).toEqual({ get: 1 });
    expect(await counts(() => grace.delete('new'))).toEqual({ unlink: 2 });
  });

  it('TG4 when Redis evicts whatever it likes, an invalidated entry is never read', async () => {
    const cache = opened(true, { grace: 3600 });
    const keys = Array.from({ length: 400 }, (_, i) => `k${i}`);
    const tagOf = (key: string): string[] => [`t${Number(key.slice(1)) % 20}`];
    const old = 'old'.repeat(500);
    for (const key of keys) await cache.set(key, old, { tags: tagOf(key) });
    const used = String(await stats.client.sendCommand<never>(['INFO', 'memory']));
    const bytes = Number(/used_memory:(\d+)/.exec(used)?.[1]);
    await stats.client.sendCommand(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random']);
    await stats.client.sendCommand(['CONFIG', 'SET', 'maxmemory', String(bytes)]);
    await cache.invalidateTags(...Array.from({ length: 10 }, (_, i) => `t${i}`));
    const isInvalid = (key: string): boolean => Number(key.slice(1)) % 20 < 10;
    for (let i = 0; i < 400; i++) await cache.set(`filler${i}`, old);
    let valid = 0;
    for (const key of keys) {
      const value = await cache.get<string>(key);
      if (isInvalid(key)) expect(value).toBeUndefined();
      else if (value !== undefined) valid += 1;
    }
    // Redis has evicted some, and not all
    expect(valid).toBeGreaterThan(0);
    expect(valid).toBeLessThan(200);
    for (const key of keys.filter(isInvalid).slice(0, 50))
      expect(await cache.getOrSet(key, () => 'new', { tags: tagOf(key) })).toBe('new');
  });
});
