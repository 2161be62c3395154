import { tracingChannel } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import { createClient } from 'redis';
import type { RedisSource } from '../../lib/config/settings.js';
import { systemClock } from '../../lib/common/clock.js';
import { RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { sessionSettings, storeSession } from '../support/sessions.js';
import { clusterServing, sharedCluster, sharedSentinel } from '../support/shared-topologies.js';

/** How many GETs node-redis is given meanwhile. */
const getsDuring = async (work: () => Promise<unknown>): Promise<number> => {
  let gets = 0;
  const subscribers = {
    start: (message: unknown) => {
      if ((message as { command: string }).command === 'GET') gets++;
    },
  };
  const commands = tracingChannel('node-redis:command');
  commands.subscribe(subscribers as never);
  await work();
  commands.unsubscribe(subscribers as never);
  return gets;
};

const openFor = (source: RedisSource, holdsSessions: boolean, operationTimeoutMs = 5000): KeyValueStore =>
  openRedisStore({
    source,
    clientOptions: {},
    operationTimeoutMs,
    connectTimeoutMs: 5000,
    holdsSessions,
  });

const url = (): string => process.env['TEST_REDIS_URL']!;

const handedIn: { end?: () => void } = {};

describe.each<[string, () => Promise<RedisSource>]>([
  ['one Redis', () => Promise.resolve({ kind: 'url', url: url() })],
  ['a Cluster', () => clusterServing().then(() => ({ kind: 'cluster', options: sharedCluster() }))],
  ['a Sentinel', () => Promise.resolve({ kind: 'sentinel', options: sharedSentinel() })],
  [
    'a client handed in',
    async () => {
      const client = await createClient({ url: url() }).connect();
      handedIn.end = () => client.destroy();
      return { kind: 'client', client };
    },
  ],
])('the reads of one session on %s', (_, sourceOf) => {
  let store: KeyValueStore;
  let sessions: SessionService;
  let key: string;

  beforeAll(async () => {
    store = openFor(await sourceOf(), true);
    sessions = new SessionService(store, sessionSettings(), systemClock);
  });

  afterAll(async () => {
    await store.close();
    handedIn.end?.();
  });

  beforeEach(async () => {
    key = await storeSession(sessions, { n: 0 });
  });

  afterEach(() => sessions.delete(key).then(() => store.delete(`shop:trace:{shop:session:${key}}`)));

  it('SX3 share one GET as long as it is not written', async () => {
    const loads = async (): Promise<void> => {
      const loaded = await Promise.all(Array.from({ length: 60 }, () => sessions.load(key)));
      expect(loaded.map((session) => session.get('n'))).toEqual(loaded.map(() => 0));
      // each has entries of its own
      loaded[0]!.set('n', 7);
      expect(loaded[1]!.get('n')).toBe(0);
    };
    expect(await getsDuring(loads)).toBe(1);
  });

  it('SX3 share none that is written: what is known by then is read', async () => {
    const gets = await getsDuring(async () => {
      const early = sessions.load(key);
      // node-redis writes what one turn asked for at its end
      await turn();
      await turn();
      await Promise.all([early, sessions.load(key)]);
    });
    expect(gets).toBe(2);
  });

  it('reads after a write what was written, though nobody waited for it', async () => {
    const redisKey = `shop:session:${key}`;
    const before = store.get(redisKey);
    const writing = store.set(redisKey, 'written', 60_000);
    const after = store.get(redisKey);
    await writing;
    expect(await after).toBe('written');
    expect(await before).not.toBe('written');
  });
});

describe('reads that the socket does not take yet', () => {
  let proxy: RedisProxy;

  beforeAll(async () => {
    proxy = await RedisProxy.start(url());
  });

  afterAll(() => proxy.stop());

  /**
   * GETs of one key in several turns, behind what fills the buffers of the socket. Of what waits there, node-redis still
   * writes a command each turn.
   */
  const readBehindMuch = async (store: KeyValueStore): Promise<number> => {
    await store.connect();
    proxy.slowRequestsDown(500_000);
    const much = store.set('shared-reads:much', 'x'.repeat(16 * 1024 * 1024), 1000);
    const waiting = Array.from({ length: 20 }, () => store.has('shared-reads:waiting'));
    const reads: Promise<string | null>[] = [];
    const gets = await getsDuring(async () => {
      for (let round = 0; round < 5; round++) {
        await turn();
        reads.push(store.get('shared-reads:none'));
      }
    });
    proxy.slowRequestsDown(Infinity);
    await Promise.all([much, ...waiting]);
    expect(await Promise.all(reads)).toEqual(reads.map(() => null));
    await store.delete('shared-reads:much');
    await store.close();
    return gets;
  };

  it('SX3 are one for each session, however long that takes', async () => {
    expect(await readBehindMuch(openFor({ kind: 'url', url: proxy.url }, true))).toBe(1);
  });

  it('are not shared any more when they are overdue on a client handed in', async () => {
    const client = await createClient({ url: proxy.url }).connect();
    const store = openFor({ kind: 'client', client }, true, 1000);
    await store.connect();
    proxy.slowRequestsDown(500_000);
    const ahead = [
      store.set('shared-reads:much', 'x'.repeat(16 * 1024 * 1024), 1000),
      ...Array.from({ length: 20 }, () => store.has('shared-reads:waiting')),
    ];
    const reads = [store.get('shared-reads:none'), store.get('shared-reads:none')];
    try {
      for (const overdue of await Promise.allSettled([...ahead, ...reads]))
        expect(overdue).toMatchObject({ reason: expect.any(RedisTimeoutError) as unknown });
      // it is asked again, and does not wait for a client that is not answering
      await expect(store.get('shared-reads:none')).rejects.toMatchObject({ name: 'RedisConnectionError' });
    } finally {
      proxy.slowRequestsDown(Infinity);
      client.destroy();
      await store.close();
    }
  });

  it('are one for each call of a cache, which knows no such thing', async () => {
    expect(await readBehindMuch(openFor({ kind: 'url', url: proxy.url }, false))).toBe(5);
  });
});
