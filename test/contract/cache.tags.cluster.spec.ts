import { randomUUID } from 'node:crypto';
import { CacheService } from '../../lib/cache/cache.service.js';
import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { ClusterLink } from '../../lib/store/redis/cluster/cluster-link.js';
import { RedisStore } from '../../lib/store/redis/redis-store.js';
import { CountingLink } from '../support/counting-link.js';
import { failing } from '../support/failing.js';
import { clusterServing, sharedCluster } from '../support/shared-topologies.js';

describe('Cache, what tags cost a Cluster', () => {
  let link: CountingLink;
  let store: RedisStore;
  const prefix = `test-${randomUUID()}`;

  const opened = (options: ReadThroughOptions = {}): CacheService =>
    new CacheService(
      store,
      {
        place: 'cache.',
        keyPrefix: prefix,
        timeoutMs: 300_000,
        version: 1,
        tags: true,
        readThrough: settle(readThroughOptions, options),
      },
      new JsonSerializer(),
    );

  /** The round trips of a call. */
  const trips = async (call: () => Promise<unknown>): Promise<number> => (await link.during(call)).trips;

  beforeAll(async () => {
    await clusterServing();
    link = new CountingLink(
      new ClusterLink({ cluster: sharedCluster(), operationTimeoutMs: 1000, connectTimeoutMs: 5000 }),
    );
    store = new RedisStore(link);
    await store.connect();
  });

  afterEach(async () => {
    for await (const page of store.scan(`${prefix}*`)) await store.deleteMany(page);
  });
  afterAll(() => store.close());

  it('TG2 invalidating is 2 round trips, the epoch first, whatever the number of tags and entries', async () => {
    const cache = opened();
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    await cache.setMany(Object.fromEntries(keys.map((key) => [key, 1])), { tags: ['a', 'b'] });
    const { trips, commands } = await link.during(() => cache.invalidateTags('a', 'b', 'c'));
    expect(trips).toBe(2);
    expect(commands[0]).toEqual(['UNLINK', `${prefix}:epoch`]);
    expect(new Set(commands.map(([name]) => name))).toEqual(new Set(['UNLINK']));
    expect(await cache.getMany(keys)).toEqual(new Map());
    expect(await link.during(() => cache.invalidateTags())).toEqual({ trips: 0, commands: [] });
  });

  it.each<[string, ReadThroughOptions]>([
    ['with tags only', {}],
    ['with everything', { grace: 3600, refreshAhead: 0.9, singleFlight: 'shared' }],
  ])(
    'TG7 getOrSet with its tags named, %s: a hit is 1 round trip, entry and tags side by side',
    async (_, options) => {
      const cache = opened(options);
      const ask = (): Promise<unknown> => cache.getOrSet<unknown>('k', failing, { tags: ['a', 'b'] });
      await cache.set('k', 1, { tags: ['a', 'b'] });
      const { trips: hit, commands } = await link.during(ask);
      expect(hit).toBe(1);
      // the entry with its companions in one command, and one for each tag's slot
      expect(commands).toHaveLength(3);
      expect(await trips(() => cache.getOrSet<unknown>('k', failing))).toBe(2);
    },
  );

  it('TG7 get, getMany, has, ttl and add: 1 round trip for untagged entries, 2 where any is tagged', async () => {
    const cache = opened();
    await cache.set('plain', 1);
    await cache.set('tagged', 1, { tags: ['a', 'b'] });
    const calls = (key: string): (() => Promise<unknown>)[] => [
      () => cache.get(key),
      () => cache.getMany([key, 'plain']),
      () => cache.has(key),
      () => cache.ttl(key),
      () => cache.add(key, 2),
    ];
    for (const call of calls('plain')) expect(await trips(call)).toBe(1);
    for (const call of calls('tagged')) expect(await trips(call)).toBe(2);
  });
});
