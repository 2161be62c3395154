import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import {
  ProxiedCluster,
  ProxiedSentinels,
  ProxiedServer,
  type ProxiedTopology,
} from '../support/proxied-topologies.js';
import { until } from '../support/redis-admin.js';
import type { RedisProxy } from '../support/redis-proxy.js';
import { settle } from '../support/settle.js';
import { openSource } from '../support/stores.js';

const WATCHED_MS = 5000;
/** In that time, for each connection: the mean pause is far from either. */
const ATTEMPTS = { least: Math.floor(WATCHED_MS / 300), most: 45 };

/** What leads to one listener: a node of the Cluster is a root node, too, which is asked for the topology. */
type Connections = 1 | 2;

const kinds: readonly (readonly [
  name: string,
  start: () => Promise<ProxiedTopology>,
  connections: Connections,
])[] = [
  ['one Redis', () => ProxiedServer.start(), 1],
  ['a Redis Cluster', () => ProxiedCluster.start(), 2],
  ['a master behind Sentinels', () => ProxiedSentinels.start(), 1],
];

type Act = (proxy: RedisProxy) => unknown;

const faults: readonly (readonly [name: string, begin: Act, end: Act])[] = [
  ['refuses each connection', (proxy) => proxy.refuse(), (proxy) => proxy.listen()],
  ['accepts and closes each connection', (proxy) => proxy.close(), (proxy) => proxy.pass()],
];

const quartiles = (numbers: readonly number[]): readonly [number, number] => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return [sorted[Math.floor(sorted.length / 4)]!, sorted[Math.floor((sorted.length * 3) / 4)]!];
};

/** Counts by port what this process tries in vain, since nobody listens there who could count. */
class Refusals {
  readonly #times = new Map<number, number[]>();
  readonly #see = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('error', ({ code, port }: NodeJS.ErrnoException & { readonly port?: number }) => {
      if (code === 'ECONNREFUSED' && port !== undefined) this.of(port).push(performance.now());
    });
  };

  constructor() {
    subscribe('net.client.socket', this.#see);
  }

  end(): void {
    unsubscribe('net.client.socket', this.#see);
  }

  of(port: number): number[] {
    const known = this.#times.get(port) ?? [];
    this.#times.set(port, known);
    return known;
  }
}

describe.each(kinds)('servers that refuse: %s', (_, start, connections) => {
  let topology: ProxiedTopology;
  let store: KeyValueStore;
  let refusals: Refusals;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    topology = await start();
  });

  afterAll(() => topology.stop());

  beforeEach(() => {
    refusals = new Refusals();
  });

  afterEach(async () => {
    refusals.end();
    await store.close();
  });

  const onAll = (act: Act): Promise<unknown[]> => Promise.all(topology.allProxies.map(act));

  /** Where a lost connection is sought: with Sentinels, with them. */
  const sought = (): readonly RedisProxy[] => {
    const guides = topology.allProxies.filter((proxy) => !topology.proxies.includes(proxy));
    return guides.length > 0 ? guides : topology.proxies;
  };

  const attemptsOn = (proxy: RedisProxy): readonly number[] => [
    ...proxy.attempts,
    ...refusals.of(proxy.port),
  ];

  it.each(faults)(
    'CN22 a server that %s is tried again often, but not in a storm, and in no step with others',
    async (_fault, begin, end) => {
      store = openSource(topology.source);
      await store.connect();
      await onAll(begin);
      const before = topology.allProxies.map((proxy) => attemptsOn(proxy).length);
      const since = performance.now();
      while (performance.now() - since < WATCHED_MS) {
        expect((await settle(() => store.get('k'))).error).toBeInstanceOf(RedisConnectionError);
        await pause(10);
      }
      const made = topology.allProxies.map((proxy, n) => attemptsOn(proxy).slice(before[n]));
      await onAll(end);

      for (const attempts of made) expect(attempts.length).toBeLessThanOrEqual(ATTEMPTS.most * connections);
      for (const proxy of sought()) {
        const attempts = made[topology.allProxies.indexOf(proxy)]!;
        expect(attempts.length).toBeGreaterThanOrEqual(ATTEMPTS.least);
        // those after the first, which double; without jitter the middle half would be alike
        const pauses = attempts.slice(8).map((at, n) => at - attempts[n + 7]!);
        const [quarter, threeQuarters] = quartiles(pauses);
        expect(threeQuarters / quarter).toBeGreaterThan(1.1);
      }
      await until('it is back', () => store.get('k').then(() => true));
    },
    30_000,
  );

  it('CN4 is tried again at the start until it listens', async () => {
    await onAll((proxy) => proxy.refuse());
    store = openSource(topology.source, 1000, 30_000);
    const starting = store.connect();
    const tries = (): number =>
      Math.max(...topology.allProxies.map((proxy) => refusals.of(proxy.port).length));
    await until('it was tried some times', () => Promise.resolve(tries() > 3));
    await onAll((proxy) => proxy.listen());

    await expect(starting).resolves.toBeUndefined();
    await expect(store.get('k')).resolves.toBeNull();
  });

  it('CN4 is tried until connectTimeoutMs, and then the start fails', async () => {
    await onAll((proxy) => proxy.refuse());
    store = openSource(topology.source, 1000, 700);
    const { error, afterMs } = await settle(() => store.connect());
    const tries = topology.allProxies.flatMap((proxy) => refusals.of(proxy.port));
    await onAll((proxy) => proxy.listen());

    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(error).toHaveProperty('message', expect.stringMatching(/not reachable \(ECONNREFUSED\)/));
    expect(afterMs).toBeGreaterThan(650);
    expect(tries.length).toBeGreaterThan(2);
  });
});
