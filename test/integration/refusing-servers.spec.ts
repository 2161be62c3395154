import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { RedisSource } from '../../lib/config/settings.js';
import { ignore } from '../../lib/common/ignore.js';
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
/** The most attempts in that time, for each connection. */
const MOST = 45;
/** The first of a series, whose pauses double up to the longest. */
const FIRST = 5;
/** What the mean pause is far from; with these the figures in that time are 45 and one each 300 ms, on a fast machine. */
const PAUSE_MS = { least: 125, most: 250 };

const kinds: readonly (readonly [name: string, start: () => Promise<ProxiedTopology>])[] = [
  ['one Redis', () => ProxiedServer.start()],
  ['a Redis Cluster', () => ProxiedCluster.start()],
  ['a master behind Sentinels', () => ProxiedSentinels.start()],
];

type Act = (proxy: RedisProxy) => unknown;

const faults: readonly (readonly [name: string, begin: Act, end: Act])[] = [
  ['refuses each connection', (proxy) => proxy.refuse(), (proxy) => proxy.listen()],
  ['accepts and closes each connection', (proxy) => proxy.close(), (proxy) => proxy.pass()],
];

const onAll = (topology: ProxiedTopology, act: Act): Promise<unknown[]> =>
  Promise.all(topology.allProxies.map(act));

/** Where a lost connection is sought: with Sentinels, with them. */
const sought = ({ proxies, allProxies }: ProxiedTopology): readonly RedisProxy[] => {
  const guides = allProxies.filter((proxy) => !proxies.includes(proxy));
  return guides.length > 0 ? guides : proxies;
};

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

/** A port on which nothing listens. */
const REFUSED = { host: '127.0.0.1', port: 1 };

/** How many attempts a plain loop makes meanwhile, which a busy machine slows down as it does those that are counted. */
const plainAttempts = async (pauseMs: number, listeners: number, over: AbortSignal): Promise<number> => {
  let attempts = 0;
  for (; !over.aborted; attempts++) {
    for (let n = 0; n < listeners; n++)
      await new Promise((resolve) => connect(REFUSED).on('error', ignore).on('close', resolve));
    await pause(pauseMs);
  }
  return attempts;
};

/** What came of one connection in the time. */
interface Watched {
  readonly bounds: { readonly least: number; readonly most: number };
  /** The times of the attempts on each listener. */
  readonly attempts: readonly (readonly number[])[];
  /** Those of the listeners where a lost connection is sought. */
  readonly soughtAt: readonly (readonly number[])[];
  /** How the calls ended, and the start at last. */
  readonly errors: readonly unknown[];
}

describe('servers that refuse', () => {
  const opened: KeyValueStore[] = [];
  const topologies: ProxiedTopology[] = [];
  const ofKind = new Map<string, ProxiedTopology>();
  const watched = new Map<string, Promise<Watched>>();
  const refusals = new Refusals();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    // all at once, since each takes its time
    await Promise.all(
      kinds.map(async ([kind, start]) => {
        const topology = await start();
        topologies.push(topology);
        ofKind.set(kind, topology);
        for (const [fault, begin, end] of faults) {
          watch(`${kind}, running, ${fault}`, whileItRuns(await beside(topology), begin, end));
          watch(`${kind}, starting, ${fault}`, whileItStarts(await beside(topology), begin, end));
        }
      }),
    );
  }, 30_000);

  afterAll(async () => {
    await Promise.allSettled(watched.values());
    refusals.end();
    await Promise.all(opened.map((store) => store.close()));
    await Promise.all(topologies.map((each) => each.stop()));
  });

  const beside = async (topology: ProxiedTopology): Promise<ProxiedTopology> => {
    const further = await topology.beside();
    topologies.push(further);
    return further;
  };

  const watch = (name: string, watching: Promise<Watched>): void => {
    watching.catch(ignore);
    watched.set(name, watching);
  };

  const open = (source: RedisSource, connectTimeoutMs?: number): KeyValueStore => {
    const store = openSource(source, 1000, connectTimeoutMs);
    opened.push(store);
    return store;
  };

  const attemptsOn = (proxy: RedisProxy): readonly number[] => [
    ...proxy.attempts,
    ...refusals.of(proxy.port),
  ];

  /** Counts the attempts during the work, which gives the errors of its calls. */
  const count = async (topology: ProxiedTopology, work: () => Promise<unknown[]>): Promise<Watched> => {
    const { allProxies } = topology;
    const before = allProxies.map((proxy) => attemptsOn(proxy).length);
    const over = new AbortController();
    const least = plainAttempts(PAUSE_MS.most, allProxies.length, over.signal);
    const most = plainAttempts(PAUSE_MS.least, 1, over.signal);
    const errors = await work();
    over.abort();
    const attempts = allProxies.map((proxy, n) => attemptsOn(proxy).slice(before[n]));
    const soughtAt = sought(topology).map((proxy) => attempts[allProxies.indexOf(proxy)]!);
    const bounds = { least: (await least) - 1, most: Math.min(MOST, (await most) + FIRST) };
    return { attempts, soughtAt, errors, bounds };
  };

  const whileItRuns = async (topology: ProxiedTopology, begin: Act, end: Act): Promise<Watched> => {
    const store = open(topology.source);
    await store.connect();
    await onAll(topology, begin);
    const result = await count(topology, async () => {
      const errors: unknown[] = [];
      const since = performance.now();
      while (performance.now() - since < WATCHED_MS) {
        errors.push((await settle(() => store.get('k'))).error);
        await pause(10);
      }
      return errors;
    });
    await onAll(topology, end);
    await until('it is back', () => store.get('k').then(() => true));
    return result;
  };

  const whileItStarts = async (topology: ProxiedTopology, begin: Act, end: Act): Promise<Watched> => {
    const store = open(topology.source, 60_000);
    await onAll(topology, begin);
    const starting = settle(() => store.connect());
    const result = await count(topology, async () => {
      await pause(WATCHED_MS);
      return [];
    });
    await onAll(topology, end);
    return { ...result, errors: [(await starting).error] };
  };

  const isNoStorm = ({ attempts, soughtAt, bounds }: Watched): void => {
    for (const { length } of attempts) expect(length).toBeLessThanOrEqual(bounds.most);
    for (const times of soughtAt) {
      expect(times.length).toBeGreaterThanOrEqual(bounds.least);
      // those after the first, which double; without jitter the middle half would be alike
      const pauses = times.slice(8).map((at, n) => at - times[n + 7]!);
      const [quarter, threeQuarters] = quartiles(pauses);
      expect(threeQuarters / quarter).toBeGreaterThan(1.1);
    }
  };

  describe.each(kinds)('%s', (kind) => {
    it.each(faults)(
      'CN22 a server that %s is tried again often, but not in a storm, and in no step with others',
      async (fault) => {
        const result = (await watched.get(`${kind}, running, ${fault}`))!;

        isNoStorm(result);
        for (const error of result.errors) expect(error).toBeInstanceOf(RedisConnectionError);
      },
      30_000,
    );

    it.each(faults)(
      'CN22 a start on a server that %s tries it again in the same way, until it serves',
      async (fault) => {
        const result = (await watched.get(`${kind}, starting, ${fault}`))!;

        isNoStorm(result);
        expect(result.errors).toStrictEqual([undefined]);
      },
      30_000,
    );

    it('CN4 is tried again at the start until it listens', async () => {
      const topology = ofKind.get(kind)!;
      await onAll(topology, (proxy) => proxy.refuse());
      const store = open(topology.source, 30_000);
      const starting = store.connect();
      const tries = (): number =>
        Math.max(...topology.allProxies.map((proxy) => refusals.of(proxy.port).length));
      await until('it was tried some times', () => Promise.resolve(tries() > 3));
      await onAll(topology, (proxy) => proxy.listen());

      await expect(starting).resolves.toBeUndefined();
      await expect(store.get('k')).resolves.toBeNull();
    });

    it('CN4 is tried until connectTimeoutMs, and then the start fails', async () => {
      const topology = ofKind.get(kind)!;
      await onAll(topology, (proxy) => proxy.refuse());
      const store = open(topology.source, 700);
      const { error, afterMs } = await settle(() => store.connect());
      const tries = topology.allProxies.flatMap((proxy) => refusals.of(proxy.port));
      await onAll(topology, (proxy) => proxy.listen());

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error).toHaveProperty('message', expect.stringMatching(/not reachable \(ECONNREFUSED\)/));
      expect(afterMs).toBeGreaterThan(650);
      expect(tries.length).toBeGreaterThan(2);
    });
  });
});
