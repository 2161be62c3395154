import { setTimeout as pause } from 'node:timers/promises';
import { createClient, createCluster, createSentinel } from 'redis';
import type { RedisSource } from '../../lib/config/settings.js';
import { type Clock, systemClock } from '../../lib/common/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { clusterServing, sharedCluster, sharedSentinel } from './shared-topologies.js';
import { Faults } from '../../lib/testing/faults.js';
import { TestClock } from '../../lib/testing/test-clock.js';

/** A place for keys, opened by a contract suite. */
export interface OpenedStore {
  readonly store: KeyValueStore;
  /** A second client of the same place; the same object where there can be only one. */
  readonly other: KeyValueStore;
  readonly clock: Clock;
  /** Whether time passes for everything that is stored, whichever entry is named. */
  readonly movesAllTime: boolean;
  /** Lets the time of an entry go by: afterwards its ttl is that much shorter, or it has expired. */
  elapse(key: string, ms: number): Promise<void>;
  /** Sends one command to the server that holds the key, behind the back of the store. */
  command(key: string, ...args: string[]): Promise<unknown>;
  /** Closes what was opened; stores that a test closed already are no hindrance. */
  close(): Promise<void>;
}

/** A store the contract holds on. */
export interface StoreUnderTest {
  readonly name: string;
  open(): Promise<OpenedStore>;
}

/** `elapse` for stores whose time cannot be moved: shortens the ttl and lets the store do the expiring. */
export const elapseByExpiry =
  (store: KeyValueStore) =>
  async (key: string, ms: number): Promise<void> => {
    const left = await store.remaining(key);
    if (typeof left !== 'number') return;
    await store.expire(key, Math.max(1, left - ms));
    if (left <= ms) while (await store.has(key)) await pause(1);
  };

const onMemory = (name: string, wrap: (store: KeyValueStore) => KeyValueStore): StoreUnderTest => ({
  name,
  open: async () => {
    const clock = new TestClock();
    const store = wrap(new MemoryStore({ clock }));
    await store.connect();
    const elapse = (_key: string, ms: number): Promise<void> => {
      clock.advance(ms);
      return Promise.resolve();
    };
    const command = (): Promise<never> => Promise.reject(new Error('The embedded store takes no commands'));
    return {
      store,
      other: store,
      clock,
      movesAllTime: true,
      elapse,
      command,
      close: () => store.close(),
    };
  },
});

export const memory = onMemory('memory', (store) => store);

/** The embedded store as the testing helpers of the package hand it out. */
export const embedded = onMemory('the testing helpers', (store) => new Faults().wrap(store));

/** A store of the module's own, with the defaults of its options. */
export const openSource = (
  source: RedisSource,
  operationTimeoutMs = 1000,
  connectTimeoutMs = 5000,
): KeyValueStore => openRedisStore({ source, clientOptions: {}, operationTimeoutMs, connectTimeoutMs });

export const openRedis = (url: string, operationTimeoutMs?: number): KeyValueStore =>
  openSource({ kind: 'url', url }, operationTimeoutMs);

/** node-redis' own client of a place. */
interface PlainClient {
  command(key: string, args: string[]): Promise<unknown>;
  end(): Promise<void> | void;
}

const openTwice = async (source: RedisSource, plain: () => Promise<PlainClient>): Promise<OpenedStore> => {
  const store = openSource(source);
  const other = openSource(source);
  let client: Promise<PlainClient> | undefined;
  await Promise.all([store.connect(), other.connect()]);
  const command = async (key: string, ...args: string[]): Promise<unknown> =>
    (await (client ??= plain())).command(key, args);
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), other.close(), client?.then((plainClient) => plainClient.end())]);
  };
  return {
    store,
    other,
    clock: systemClock,
    movesAllTime: false,
    elapse: elapseByExpiry(store),
    command,
    close,
  };
};

/** The Redis server of the whole test run. */
export const redis: StoreUnderTest = {
  name: 'Redis',
  open: () => {
    const url = process.env['TEST_REDIS_URL'];
    if (url === undefined) throw new Error('The global set-up of the tests gives the url of a Redis');
    return openTwice({ kind: 'url', url }, async () => {
      const client = await createClient({ url }).connect();
      return { command: (_key, args) => client.sendCommand(args), end: () => client.destroy() };
    });
  },
};

/** The cluster of the whole test run, once it serves every slot. */
export const cluster: StoreUnderTest = {
  name: 'Redis Cluster',
  open: async () => {
    await clusterServing();
    return openTwice({ kind: 'cluster', options: sharedCluster() }, async () => {
      const client = await createCluster(sharedCluster()).connect();
      return { command: (key, args) => client.sendCommand(key, false, args), end: () => client.destroy() };
    });
  },
};

/** The Sentinel set of the whole test run. */
export const sentinel: StoreUnderTest = {
  name: 'Redis Sentinel',
  open: () =>
    openTwice({ kind: 'sentinel', options: sharedSentinel() }, async () => {
      const client = await createSentinel({ ...sharedSentinel(), reserveClient: true }).connect();
      return { command: (_key, args) => client.sendCommand(false, args), end: () => client.close() };
    }),
};

/** Every store the contract holds on. */
export const stores: readonly StoreUnderTest[] = [memory, embedded, redis, cluster, sentinel];
