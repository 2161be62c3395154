import { setTimeout as pause } from 'node:timers/promises';
import type { StoreSource } from '../../lib/config/settings.js';
import { type Clock, systemClock } from '../../lib/store/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { openStore } from '../../lib/store/open-store.js';
import { clusterServing, sharedCluster, sharedSentinel } from './shared-topologies.js';
import { TestClock } from '../../lib/testing/test-clock.js';

/** A place for keys, opened by a contract suite. */
export interface OpenedStore {
  readonly store: KeyValueStore;
  /** A second client of the same place; the same object where there can be only one. */
  readonly other: KeyValueStore;
  readonly clock: Clock;
  /** Lets the time of an entry go by: afterwards its ttl is that much shorter, or it has expired. */
  elapse(key: string, ms: number): Promise<void>;
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

export const memory: StoreUnderTest = {
  name: 'memory',
  open: async () => {
    const clock = new TestClock();
    const store = new MemoryStore({ clock });
    await store.connect();
    const elapse = (_key: string, ms: number): Promise<void> => {
      clock.advance(ms);
      return Promise.resolve();
    };
    return { store, other: store, clock, elapse, close: () => store.close() };
  },
};

/** A store of the module's own, with the defaults of its options. */
export const openSource = (source: StoreSource, operationTimeoutMs = 1000): KeyValueStore =>
  openStore({ source, clientOptions: {}, operationTimeoutMs, connectTimeoutMs: 5000 }, systemClock);

export const openRedis = (url: string, operationTimeoutMs?: number): KeyValueStore =>
  openSource({ kind: 'url', url }, operationTimeoutMs);

const openTwice = async (source: StoreSource): Promise<OpenedStore> => {
  const store = openSource(source);
  const other = openSource(source);
  await Promise.all([store.connect(), other.connect()]);
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), other.close()]);
  };
  return { store, other, clock: systemClock, elapse: elapseByExpiry(store), close };
};

/** The Redis server of the whole test run. */
export const redis: StoreUnderTest = {
  name: 'Redis',
  open: () => {
    const url = process.env['TEST_REDIS_URL'];
    if (url === undefined) throw new Error('The global set-up of the tests gives the url of a Redis');
    return openTwice({ kind: 'url', url });
  },
};

/** The cluster of the whole test run, once it serves every slot. */
export const cluster: StoreUnderTest = {
  name: 'Redis Cluster',
  open: async () => {
    await clusterServing();
    return openTwice({ kind: 'cluster', options: sharedCluster() });
  },
};

/** The Sentinel set of the whole test run. */
export const sentinel: StoreUnderTest = {
  name: 'Redis Sentinel',
  open: () => openTwice({ kind: 'sentinel', options: sharedSentinel() }),
};

/** Every store the contract holds on. */
export const stores: readonly StoreUnderTest[] = [memory, redis, cluster, sentinel];
