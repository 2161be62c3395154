import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RedisClusterOptions } from 'redis';
import { CodexRedisError } from '../../lib/errors/codex-redis.error.js';
import { RedisConnectionError, RedisServiceError, RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { CommandStats } from '../support/command-stats.js';
import { ListeningProcesses } from '../support/listening-processes.js';
import { Load } from '../support/load.js';
import { roundsOf } from '../support/long-run.js';
import { until } from '../support/redis-admin.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { CachesOnReplicas, COMPARING, readAll } from '../support/replica-reads.js';
import type { RedisServer } from '../support/redis-server.js';
import { type Settled, settle, verbs } from '../support/settle.js';
import { timeOf } from '../support/time-of.js';

const DEADLINE_MS = 400;
/** The deadline, the quarter allowed beyond it, and what a busy machine adds. */
const SETTLED_MS = DEADLINE_MS * 1.25 + 500;
/** Below any deadline: nothing was waited for. */
const AT_ONCE_MS = 250;
/** A few attempts to connect, on a busy machine. */
const BACK_MS = 1500;

/** On a busy machine the servers may take each other for lost, and refuse calls until they have found together. */
const unlessDown = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RedisServiceError && error.replyCode === 'CLUSTERDOWN')) throw error;
  }
};

describe('a Redis Cluster that loses nodes', () => {
  let cluster: RedisCluster;
  let store: KeyValueStore;
  let prefix: string;
  let frozen: RedisServer[];
  let killed: RedisServer[];
  let load: Load | undefined;

  const opened: KeyValueStore[] = [];

  const open = (
    options: Partial<RedisClusterOptions> = {},
    operationTimeoutMs = DEADLINE_MS,
  ): KeyValueStore => {
    const made = openRedisStore({
      source: { kind: 'cluster', options: { rootNodes: cluster.rootNodes, ...options } },
      clientOptions: {},
      operationTimeoutMs,
      connectTimeoutMs: 1000,
    });
    opened.push(made);
    return made;
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    cluster = await RedisCluster.start({ replicas: 1, nodeTimeoutMs: 2000 });
  });

  afterAll(() => cluster.stop());

  beforeEach(async () => {
    prefix = `test-${randomUUID()}`;
    frozen = [];
    killed = [];
    store = open();
    await store.connect();
  });

  afterEach(async () => {
    await load?.stop().catch(() => undefined);
    load = undefined;
    await Promise.all(opened.splice(0).map((each) => each.close()));
    for (const server of frozen) server.thaw();
    for (const server of killed) await server.start();
    await cluster.serving();
    await cluster.replicated();
  });

  const freeze = (...servers: RedisServer[]): void => {
    for (const server of servers) server.freeze();
    frozen.push(...servers);
  };

  const thaw = (): void => {
    for (const server of frozen.splice(0)) server.thaw();
  };

  const kill = async (server: RedisServer): Promise<void> => {
    killed.push(server);
    await server.kill();
  };

  /** A shard, and a key that lives on it. */
  const aShard = async (): Promise<{ master: RedisServer; replica: RedisServer; key: string }> => {
    const [shard] = await cluster.shards();
    const key = await cluster.keyOn(shard!.master, prefix);
    return { master: shard!.master, replica: shard!.replica!, key };
  };

  /** Lets a replica take over and waits until the servers themselves serve every slot. */
  const failOver = async (away: RedisServer, replica: RedisServer): Promise<void> => {
    await cluster.failover(replica, 'TAKEOVER');
    await cluster.serving(cluster.nodes.filter((node) => node !== away));
  };

  /** It is so within the time allowed from now on. */
  const isBack = async (condition: () => Promise<boolean>): Promise<void> => {
    expect(await timeOf(() => until('the store goes on', condition))).toBeLessThan(BACK_MS);
  };

  it('rejects calls to a frozen master in time, then at once, and goes on with its replica', async () => {
    const { master, replica, key } = await aShard();
    await store.set(key, 'before', null);
    await cluster.propagated(master);
    freeze(master);

    const first = await settle(() => store.set(key, 'unknown', null));
    expect(first.error).toBeInstanceOf(RedisTimeoutError);
    expect(first.waitedMs).toBeLessThan(SETTLED_MS);
    const next = await settle(() => store.get(key));
    expect(next.error).toBeInstanceOf(RedisConnectionError);
    expect(next.waitedMs).toBeLessThan(AT_ONCE_MS);

    await failOver(master, replica);
    await isBack(async () => (await store.get(key)) === 'before');
    await store.set(key, 'after', null);

    thaw();
    for (let n = 0; n < 50; n++) {
      expect(await store.get(key)).toBe('after');
      await pause(5);
    }
    await store.delete(key);
  });

  it('rejects calls to a killed master at once, and goes on with its replica', async () => {
    const { master, replica, key } = await aShard();
    await store.set(key, 'before', null);
    await cluster.propagated(master);
    await kill(master);
    await pause(10);

    const { error, waitedMs } = await settle(() => store.get(key));
    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(waitedMs).toBeLessThan(AT_ONCE_MS);

    await failOver(master, replica);
    await isBack(async () => (await store.get(key)) === 'before');
    await store.delete(key);
  });

  it(
    'US14 with the master killed that processes listen to, tells every one once of each session that ends after the failover',
    async () => {
      const others = [open(), open()];
      await Promise.all(others.map((other) => other.connect()));
      const processes = new ListeningProcesses([store, ...others]);
      const listenersOf = async (node: RedisServer): Promise<number> =>
        (await cluster.command<[string, number]>(node, 'PUBSUB', 'NUMSUB', processes.channel))[1];
      const areListening = (): Promise<void> =>
        until('each listens to a node', async () => {
          const counts = await Promise.all(
            cluster.nodes.filter((node) => !killed.includes(node)).map(listenersOf),
          );
          return counts.reduce((sum, count) => sum + count, 0) === 3;
        });
      for (let round = 0; round < roundsOf(5, 1); round++) {
        if (round > 0) {
          await killed.pop()!.start();
          await cluster.serving();
          await cluster.replicated();
        }
        await areListening();
        await processes.endOneEach();
        const shards = await cluster.shards();
        const keys = await Promise.all(shards.map(({ master }) => cluster.keyOn(master, prefix)));
        const counts = await Promise.all(shards.map(({ master }) => listenersOf(master)));
        const { master, replica } = shards[counts.indexOf(Math.max(...counts))]!;
        await kill(master);
        await failOver(master, replica!);
        for (const each of [store, ...others])
          await isBack(async () => (await each.getMany(keys)).length === 3);
        await areListening();
        await processes.endOneEach();
      }
      // what was doubled would have come before the last
      for (const names of processes.heard) expect(names.toSorted()).toEqual(processes.ended.toSorted());
    },
    60_000 * roundsOf(5, 1),
  );

  it('settles every verb in time while all nodes are frozen, and works again soon after', async () => {
    const keys = Array.from({ length: 30 }, (_, n) => `${prefix}:${n}`);
    freeze(...cluster.nodes);

    const calls = [...verbs(store), () => store.getMany(keys), () => store.deleteMany(keys)];
    for (const { error, waitedMs } of await Promise.all(calls.map(settle))) {
      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(waitedMs).toBeLessThan(SETTLED_MS);
    }
    for (const { error, waitedMs } of await Promise.all(calls.map(settle))) {
      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(waitedMs).toBeLessThan(SETTLED_MS);
    }

    thaw();
    await cluster.serving();
    await isBack(async () => (await store.getMany(keys)).length === keys.length);
  });

  it('ends while all nodes are frozen, also when it is still connecting', async () => {
    freeze(...cluster.nodes);
    const other = open();
    const connecting = settle(() => other.connect());
    const first = settle(() => other.get(`${prefix}:k`));
    await pause(50);

    for (const each of [store, other]) {
      const { error, waitedMs } = await settle(() => each.close());
      expect(error).toBeUndefined();
      expect(waitedMs).toBeLessThan(SETTLED_MS);
    }
    expect((await connecting).error).toBeInstanceOf(RedisConnectionError);
    expect((await first).error).toBeInstanceOf(RedisConnectionError);
    thaw();
  });

  it('fails a start in time when no node answers', async () => {
    freeze(...cluster.nodes);
    const other = open();

    const { error, waitedMs } = await settle(() => other.connect());

    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(error).toHaveProperty('message', expect.stringContaining('no answer within 1000 ms'));
    expect(waitedMs).toBeLessThan(1500);
    await other.close();
    thaw();
  });

  it('starts in time beside a frozen master, which is then known to be down', async () => {
    const { master, key } = await aShard();
    freeze(master);
    const other = open();

    const { error, waitedMs } = await settle(() => other.connect());
    expect(error).toBeUndefined();
    expect(waitedMs).toBeLessThan(1250);
    expect((await settle(() => other.get(key))).waitedMs).toBeLessThan(AT_ONCE_MS);
    await other.close();
    thaw();
  });

  it('loses no acknowledged write when a replica takes over in an orderly way under load', async () => {
    const { replica, key } = await aShard();
    const counter = `{${key}}:counter`;
    await store.set(counter, '0', null);
    const written = new Map<string, string>();
    let acknowledged = 0;
    // The master holds writes back until its replica has caught up and is elected.
    const patient = open({}, 12_000);
    load = new Load(64, async (worker, round) => {
      const marker = `${prefix}:${worker}:${round % 20}`;
      await unlessDown(async () => {
        await patient.set(marker, String(round), null);
        written.set(marker, String(round));
        await patient.incrementIfPresent(counter, 1);
        acknowledged++;
      });
      await pause(2);
    });
    await pause(50);
    await cluster.failover(replica);
    await pause(50);
    await load.stop();

    const markers = [...written.keys()];
    expect(acknowledged).toBeGreaterThan(0);
    expect(await patient.getMany(markers)).toEqual([...written.values()]);
    expect(await patient.get(counter)).toBe(String(acknowledged));
    await patient.deleteMany([...markers, counter]);
  });

  it.each(['killed', 'frozen'] as const)(
    'with a master %s under load, keeps what was acknowledged and rejects the rest with typed errors in time',
    async (fault) => {
      const { master, replica } = await aShard();
      const acknowledged = new Map<string, string>();
      const calls: (Settled & { readonly begunAt: number })[] = [];
      // What a master has acknowledged but not passed on is lost with it: Redis' own loss, kept out here.
      const before = `${prefix}:before`;
      const spread = Array.from({ length: 100 }, (_, n) => `${before}:${n}`);
      await store.setMany(spread.map((key) => [key, 'v'] as const), 60_000); // prettier-ignore
      await cluster.propagated(master);
      if (fault === 'killed') await kill(master);
      else freeze(master);
      load = new Load(64, async (worker, round) => {
        const marker = `${prefix}:${worker}:${round}`;
        const begunAt = performance.now();
        const call = await settle(() => store.set(marker, marker, 60_000));
        calls.push({ ...call, begunAt });
        if (call.error === undefined) acknowledged.set(marker, marker);
        await pause(20);
      });
      await pause(2 * DEADLINE_MS);
      await failOver(master, replica);
      await isBack(async () => (await store.getMany(spread)).every((value) => value === 'v'));
      const recoveredAt = performance.now();
      await pause(300);
      if (fault === 'frozen') thaw();
      await pause(300);
      await load.stop();

      expect(calls.some(({ error }) => error !== undefined)).toBe(true);
      for (const { error, waitedMs } of calls) {
        if (error !== undefined) expect(error).toBeInstanceOf(CodexRedisError);
        expect(waitedMs).toBeLessThan(SETTLED_MS);
      }
      const late = calls.filter(({ error, begunAt }) => error !== undefined && begunAt > recoveredAt);
      expect(late).toEqual([]);
      const markers = [...acknowledged.keys()];
      expect(markers.length).toBeGreaterThan(0);
      expect(await store.getMany(markers)).toEqual(markers);
      expect(await store.deleteMany(spread)).toBe(100);
      await store.deleteMany(markers);
    },
  );

  it('sends nothing to replicas for caches with tags, grace, refreshing ahead or shared flights', async () => {
    const { master, replica } = await aShard();
    const key = (await cluster.keyOn(master, `${prefix}:1`)).slice(`${prefix}:1:`.length);
    const caches = new CachesOnReplicas({ cluster: { rootNodes: cluster.rootNodes, useReplicas: true } });
    const stats = await CommandStats.of(replica.url);
    try {
      const [plain] = await caches.with(prefix, {});
      await plain!.set(key, 'v');
      await until('the replica serves a cache without any of these', async () => {
        const reads = await stats.during(() => plain!.get(key));
        return (reads['get'] ?? 0) > 0;
      });
      for (const options of COMPARING)
        for (const cache of await caches.with(prefix, options)) {
          await cache.set(key, 'v', 60);
          await cluster.propagated(master);
          const sent = await stats.during(async () => {
            for (let n = 0; n < 5; n++) await readAll(cache, key);
          });
          // what its master replicates is written
          const { get = 0, mget = 0, exists = 0, pttl = 0, evalsha = 0 } = sent;
          expect({ options, reads: get + mget + exists + pttl + evalsha }).toEqual({ options, reads: 0 });
          await cache.delete(key);
        }
    } finally {
      stats.close();
      await caches.close();
    }
  });

  it('reads from replicas only when asked to, and from the master while they are down', async () => {
    const { master, replica, key } = await aShard();
    const reading = open({ useReplicas: true });
    await reading.connect();
    await reading.set(key, 'v', null);
    await cluster.propagated(master);
    const gets = async (): Promise<number> => {
      const info = await cluster.command<string>(replica, 'INFO', 'commandstats');
      return Number(/cmdstat_get:calls=(\d+)/.exec(info)?.[1] ?? 0);
    };
    await until('the replica is connected to', async () => {
      expect(await reading.get(key)).toBe('v');
      return (await gets()) > 0;
    });
    const before = await gets();
    for (let n = 0; n < 20; n++) expect(await store.get(key)).toBe('v');
    expect(await gets()).toBe(before);

    await kill(replica);
    await pause(20);
    for (let n = 0; n < 20; n++) expect(await reading.get(key)).toBe('v');
    await reading.delete(key);
    await reading.close();
  });
});
