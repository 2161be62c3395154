import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RedisSentinelOptions } from 'redis';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { CodexRedisError } from '../../lib/errors/codex-redis.error.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError, RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import { SessionService } from '../../lib/session/session.service.js';
import { systemClock } from '../../lib/common/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openStore } from '../../lib/store/open-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { CommandStats } from '../support/command-stats.js';
import { ListeningProcesses } from '../support/listening-processes.js';
import { Load } from '../support/load.js';
import { roundsOf } from '../support/long-run.js';
import { until } from '../support/redis-admin.js';
import { addressMap, proxiesBefore, RedisProxy } from '../support/redis-proxy.js';
import { RedisSentinelSet } from '../support/redis-sentinel.js';
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
/** Sentinels that have failed over a moment ago wait before they do so again, and may need a second vote. */
const FAILOVER_MS = 40_000;

describe('a master behind Redis Sentinels', () => {
  let set: RedisSentinelSet;
  let store: KeyValueStore;
  let prefix: string;
  let frozen: RedisServer[];
  let killed: RedisServer[];
  let leftBehind: RedisServer | undefined;
  let load: Load | undefined;

  const opened: KeyValueStore[] = [];

  const open = (options: Partial<RedisSentinelOptions> = {}, connectTimeoutMs = 1000): KeyValueStore => {
    const made = openRedisStore({
      source: {
        kind: 'sentinel',
        options: { name: set.name, sentinelRootNodes: set.sentinelRootNodes, ...options },
      },
      clientOptions: {},
      operationTimeoutMs: DEADLINE_MS,
      connectTimeoutMs,
    });
    opened.push(made);
    return made;
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    set = await RedisSentinelSet.start({ downAfterMs: 600 });
  });

  afterAll(() => set.stop());

  beforeEach(async () => {
    prefix = `test-${randomUUID()}`;
    frozen = [];
    killed = [];
    leftBehind = undefined;
    load = undefined;
    store = open();
    await store.connect();
  });

  afterEach(async () => {
    await load?.stop().catch(() => undefined);
    await leftBehind?.stop();
    await Promise.all(opened.splice(0).map((each) => each.close()));
    for (const server of frozen) server.thaw();
    for (const server of killed) await server.start();
    await set.replicated();
  }, FAILOVER_MS);

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

  /** The store works within the time allowed from now on. */
  const isBack = async (back = store): Promise<void> => {
    const writes = (): Promise<true> => back.set(`${prefix}:back`, 'v', 60_000).then(() => true);
    expect(await timeOf(() => until('the store works again', writes))).toBeLessThan(BACK_MS);
  };

  it(
    'rejects calls to a frozen master in time, then at once, and goes on with the next',
    async () => {
      const key = `${prefix}:k`;
      const master = await set.master();
      await store.set(key, 'before', 60_000);
      await set.propagated(master);
      freeze(master);

      for (const { error, waitedMs } of await Promise.all(verbs(store).map(settle))) {
        expect(error).toBeInstanceOf(RedisTimeoutError);
        expect(waitedMs).toBeLessThan(SETTLED_MS);
      }
      const next = await settle(() => store.get(key));
      expect(next.error).toBeInstanceOf(RedisConnectionError);
      expect(next.waitedMs).toBeLessThan(AT_ONCE_MS);

      await set.promoted(master);
      await isBack();
      expect(await store.get(key)).toBe('before');
      await store.set(key, 'after', 60_000);

      // The old master does not know yet that it is one no longer.
      thaw();
      for (let n = 0; n < 50; n++) {
        expect(await store.get(key)).toBe('after');
        await pause(5);
      }
      await store.deleteMany([key, `${prefix}:back`]);
    },
    FAILOVER_MS,
  );

  it('works again with a master that thaws before it is replaced', async () => {
    freeze(...set.sentinels, await set.master());
    expect((await settle(() => store.get('k'))).error).toBeInstanceOf(RedisTimeoutError);
    thaw();
    await isBack();
    await store.delete(`${prefix}:back`);
  });

  it(
    'rejects calls to a killed master at once, and goes on with the next',
    async () => {
      const master = await set.master();
      await kill(master);
      await pause(10);
      const { error, waitedMs } = await settle(() => store.get('k'));
      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(waitedMs).toBeLessThan(AT_ONCE_MS);

      await set.promoted(master);
      await isBack();
      await store.delete(`${prefix}:back`);
    },
    FAILOVER_MS,
  );

  it(
    'US14 with its master killed, tells every process once of each session that ends after the failover',
    async () => {
      const others = [open(), open()];
      await Promise.all(others.map((other) => other.connect()));
      const processes = new ListeningProcesses([store, ...others]);
      const areListening = (master: RedisServer): Promise<void> =>
        until('each listens to the master', async () => {
          const reply = await set.command<[string, number]>(master, 'PUBSUB', 'NUMSUB', processes.channel);
          return reply[1] === 3;
        });
      for (let round = 0; round < roundsOf(5, 1); round++) {
        if (round > 0) {
          await killed.pop()!.start();
          await set.replicated();
        }
        const master = await set.master();
        await areListening(master);
        await processes.endOneEach();
        await kill(master);
        const next = await set.promoted(master);
        for (const each of [store, ...others]) await isBack(each);
        await areListening(next);
        await processes.endOneEach();
      }
      // what was doubled would have come before the last
      for (const names of processes.heard) expect(names.toSorted()).toEqual(processes.ended.toSorted());
      await store.delete(`${prefix}:back`);
    },
    FAILOVER_MS * roundsOf(5, 1),
  );

  it.each(['killed', 'frozen', 'replaced by an operator'] as const)(
    'with a master %s under load, keeps what was acknowledged after it and rejects the rest in time',
    async (fault) => {
      const acknowledged: { marker: string; at: number }[] = [];
      const calls: (Settled & { readonly begunAt: number })[] = [];
      const master = await set.master();
      const before = Array.from({ length: 100 }, (_, n) => `${prefix}:before:${n}`);
      await store.setMany(before.map((key) => [key, 'v'] as const), 60_000); // prettier-ignore
      await set.propagated(master);

      load = new Load(64, async (worker, round) => {
        const marker = `${prefix}:${worker}:${round}`;
        const begunAt = performance.now();
        const call = await settle(() => store.set(marker, marker, 60_000));
        calls.push({ ...call, begunAt });
        if (call.error === undefined) acknowledged.push({ marker, at: performance.now() });
        await pause(20);
      });
      if (fault === 'killed') await kill(master);
      else if (fault === 'frozen') freeze(master);
      else await set.failover();
      await set.promoted(master);
      await isBack();
      const recoveredAt = performance.now();
      thaw();
      await pause(300);
      await load.stop();

      if (fault === 'killed' || fault === 'frozen')
        expect(calls.some(({ error }) => error !== undefined)).toBe(true);
      for (const { error, waitedMs } of calls) {
        if (error !== undefined) expect(error).toBeInstanceOf(CodexRedisError);
        expect(waitedMs).toBeLessThan(SETTLED_MS);
      }
      const late = calls.filter(({ error, begunAt }) => error !== undefined && begunAt > recoveredAt);
      expect(late).toEqual([]);
      // What the old master acknowledged and did not pass on before it was replaced is lost: Redis' own loss.
      const markers = acknowledged.filter(({ at }) => at > recoveredAt).map(({ marker }) => marker);
      expect(markers.length).toBeGreaterThan(0);
      expect(await store.getMany(markers)).toEqual(markers);
      expect(await store.deleteMany(before)).toBe(100);
      await store.deleteMany([...acknowledged.map(({ marker }) => marker), `${prefix}:back`]);
    },
    FAILOVER_MS,
  );

  it('executes nothing twice: a counter is what was acknowledged, or was left unknown', async () => {
    const key = `${prefix}:counter`;
    await store.set(key, '0', 60_000);
    let acknowledged = 0;
    let unknown = 0;
    load = new Load(16, async () => {
      try {
        await store.incrementIfPresent(key, 1);
        acknowledged++;
      } catch {
        unknown++;
        await pause(5);
      }
    });
    const master = await set.master();
    await pause(50);
    freeze(...set.sentinels, master);
    await pause(DEADLINE_MS * 1.5);
    thaw();
    await isBack();
    await load.stop();
    const count = Number(await store.get(key));
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(count).toBeLessThanOrEqual(acknowledged + unknown);
    await store.deleteMany([key, `${prefix}:back`]);
  });

  it('needs no Sentinel while the master is there', async () => {
    freeze(...set.sentinels);
    for (let n = 0; n < 8; n++) {
      const { error, waitedMs } = await settle(() => store.set(`${prefix}:k`, String(n), 60_000));
      expect(error).toBeUndefined();
      expect(waitedMs).toBeLessThan(AT_ONCE_MS);
      await pause(100);
    }
    await store.delete(`${prefix}:k`);
    thaw();
  });

  it(
    'finds further Sentinels, and follows a failover when each one of its options is gone',
    async () => {
      const [listed, ...others] = set.sentinels as [RedisServer, ...RedisServer[]];
      const partly = open({
        ...named(),
        sentinelRootNodes: [{ host: '127.0.0.1', port: listed.port }],
        sentinelClientOptions: { name: prefix },
      });
      await partly.connect();
      await until('the others are connected to', async () => {
        const lists = await Promise.all(
          others.map((server) => set.command<string>(server, 'CLIENT', 'LIST')),
        );
        return lists.every((list) => list.includes(`name=${prefix} `));
      });
      expect(await set.command<string>(listed, 'CLIENT', 'LIST')).toContain(`name=${prefix} `);
      await set.watchClosely();
      await kill(listed);
      await kill(await set.master(others[0]));

      const write = (): Promise<boolean> => partly.set(`${prefix}:back`, 'v', 60_000).then(() => true);
      await until('the new master is written to', write, 20_000);
    },
    FAILOVER_MS,
  );

  it('asks the next Sentinel when one is frozen or gone', async () => {
    freeze(set.sentinels[0]!);
    const other = open({ sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }, ...set.sentinelRootNodes] });
    const { error, waitedMs } = await settle(() => other.connect());
    expect(error).toBeUndefined();
    expect(waitedMs).toBeLessThan(500);
    await other.close();
    thaw();
  });

  it(
    'follows no Sentinel that was left behind, not even when the others are down',
    async () => {
      const key = `${prefix}:k`;
      leftBehind = await set.leaveBehind();
      const { port } = leftBehind;
      const other = open({ sentinelRootNodes: [{ host: '127.0.0.1', port }, ...set.sentinelRootNodes] });
      await other.connect();
      const before = await set.master();
      freeze(before);
      const after = await set.promoted(before);
      await isBack(other);

      // Nobody tells the old master now that it is one no longer.
      freeze(...set.sentinels);
      before.thaw();
      for (let n = 0; n < 25; n++) {
        await other.set(key, String(n), 60_000);
        expect(await set.command(after, 'GET', key)).toBe(String(n));
        await pause(50);
      }
      thaw();
      await other.deleteMany([key, `${prefix}:back`]);
    },
    FAILOVER_MS,
  );

  it('ends while everything is frozen, also when it is still connecting', async () => {
    freeze(...set.sentinels, ...set.servers);
    const other = open();
    const connecting = settle(() => other.connect());
    await pause(50);
    for (const each of [store, other]) {
      const { error, waitedMs } = await settle(() => each.close());
      expect(error).toBeUndefined();
      expect(waitedMs).toBeLessThan(SETTLED_MS);
    }
    expect((await connecting).error).toBeInstanceOf(RedisConnectionError);
    thaw();
  });

  /** Connections that bear the name of the test. */
  const named = (): Partial<RedisSentinelOptions> => ({
    nodeClientOptions: { name: prefix },
    sentinelClientOptions: { name: prefix },
  });

  const connections = async (): Promise<number> => {
    const lists = await Promise.all(
      [...set.servers, ...set.sentinels].map((server) => set.command<string>(server, 'CLIENT', 'LIST')),
    );
    return lists.join('\n').split(`name=${prefix} `).length - 1;
  };

  it('C89 leaves no connection behind', async () => {
    const other = open({ ...named(), replicaPoolSize: 1 });
    await other.connect();
    await until('all of them are connected to', async () => (await connections()) === 5);
    await Promise.all([other.close(), other.close()]);
    await until('no connection is left', async () => (await connections()) === 0);
    await expect(other.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
  });

  it('C89 asks no further Sentinel when it is closed while one is asked', async () => {
    const other = open({ ...named(), scanInterval: 1 });
    await other.connect();
    freeze(set.sentinels[0]!);
    await pause(20);
    await other.close();
    thaw();
    await until('no connection is left', async () => (await connections()) === 0, 3000);
  });

  describe('options of createSentinel()', () => {
    it('nodeAddressMap leads to the master', async () => {
      const proxies = await proxiesBefore(set.servers);
      const mapped = open({ nodeAddressMap: addressMap(set.servers, proxies) });
      await mapped.ping();
      expect(proxies.reduce((sum, proxy) => sum + proxy.open, 0)).toBe(1);
      await mapped.close();
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    });

    const theReplica = async (): Promise<RedisServer> => {
      const master = await set.master();
      return set.servers.find((server) => server !== master)!;
    };

    /** How many GETs the replica has been sent so far. */
    const replicaReads = async (): Promise<number> => {
      const info = await set.command<string>(await theReplica(), 'INFO', 'commandstats');
      return Number(/cmdstat_get:calls=(\d+)/.exec(info)?.[1] ?? 0);
    };

    it('replicaPoolSize lets replicas serve reads, and nothing else does', async () => {
      const key = `${prefix}:k`;
      await store.set(key, 'v', 60_000);
      await set.propagated(await set.master());
      const before = await replicaReads();
      for (let n = 0; n < 20; n++) await store.get(key);
      expect(await replicaReads()).toBe(before);

      const reading = open({ replicaPoolSize: 1 });
      await reading.connect();
      await until('the replica serves reads', async () => {
        expect(await reading.get(key)).toBe('v');
        return (await replicaReads()) > before;
      });
      await reading.delete(key);
      await reading.close();
    });

    it('sends nothing to replicas for caches with tags, grace, refreshing ahead or shared flights', async () => {
      const [master, replica] = [await set.master(), await theReplica()];
      const caches = new CachesOnReplicas({
        sentinel: { name: set.name, sentinelRootNodes: set.sentinelRootNodes, replicaPoolSize: 1 },
      });
      const stats = await CommandStats.of(replica.url);
      try {
        const [plain] = await caches.with(prefix, {});
        await plain!.set('k', 'v');
        await until('the replica serves a cache without any of these', async () => {
          const reads = await stats.during(() => plain!.get('k'));
          return (reads['get'] ?? 0) > 0;
        });
        for (const options of COMPARING)
          for (const cache of await caches.with(prefix, options)) {
            await cache.set('k', 'v', 60);
            await set.propagated(master);
            const sent = await stats.during(async () => {
              for (let n = 0; n < 5; n++) await readAll(cache, 'k');
            });
            // what its master replicates is written
            const { get = 0, mget = 0, exists = 0, pttl = 0, evalsha = 0 } = sent;
            expect({ options, reads: get + mget + exists + pttl + evalsha }).toEqual({ options, reads: 0 });
            await cache.delete('k');
          }
      } finally {
        stats.close();
        await caches.close();
      }
    });

    it('replicaPoolSize leaves to the master what a replica cannot serve', async () => {
      const key = `${prefix}:k`;
      const [master, replica] = [await set.master(), await theReplica()];
      const reading = open({ replicaPoolSize: 1 });
      await reading.set(key, 'v', 60_000);
      await until('the replica serves reads', async () => {
        const before = await replicaReads();
        await reading.get(key);
        return (await replicaReads()) > before;
      });
      const configure = (stale: string, password: string): Promise<unknown> =>
        set.command(replica, 'CONFIG', 'SET', 'replica-serve-stale-data', stale, 'masterauth', password);
      await configure('no', 'wrong');
      try {
        await set.command(master, 'CLIENT', 'KILL', 'TYPE', 'replica');
        await until('the replica refuses reads', () =>
          set.command(replica, 'GET', key).then(
            () => false,
            (error: unknown) => String(error).includes('MASTERDOWN'),
          ),
        );
        for (let n = 0; n < 20; n++) expect(await reading.get(key)).toBe('v');
      } finally {
        await configure('yes', '');
      }
      await reading.delete(key);
    });

    it('H2 replicaPoolSize leaves the reads of sessions with the master', async () => {
      const settings = resolveSettings({
        sentinel: { name: set.name, sentinelRootNodes: set.sentinelRootNodes, replicaPoolSize: 1 },
        projectName: prefix,
        secretKey: 'a secret key for the tests that is long enough',
        session: {},
      });
      const sessionStore = await openStore(settings.sessionStore.reveal(), systemClock);
      const cacheStore = await openStore(settings.store.reveal(), systemClock);
      opened.push(sessionStore, cacheStore);
      const sessions = new SessionService(sessionStore, settings.session!, systemClock);
      const session = await sessions.create();
      await until('the replica serves reads of the cache', async () => {
        const before = await replicaReads();
        await cacheStore.get(`${prefix}:k`);
        return (await replicaReads()) > before;
      });
      const before = await replicaReads();
      for (let n = 0; n < 20; n++) expect((await sessions.load(session.key!)).key).toBe(session.key);

      expect(await replicaReads()).toBe(before);
      await session.flush();
    });
  });

  describe('a start that cannot succeed', () => {
    const failing: [string, () => Partial<RedisSentinelOptions>, typeof CodexRedisError, RegExp][] = [
      ['no Sentinel is there', () => ({ sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }), RedisConnectionError, /127\.0\.0\.1:1 \(Sentinels\) is not reachable \(ECONNREFUSED\)/], // prettier-ignore
      ['the Sentinels watch no such master', () => ({ name: 'nobody' }), ImproperlyConfiguredError, /sentinel\.name: .* "nobody"/], // prettier-ignore
    ];

    it.each(failing)('says so when %s', async (_what, options, type, message) => {
      const other = open(options(), 300);
      const { error } = await settle(() => other.connect());
      expect(error).toBeInstanceOf(type);
      expect(error).toHaveProperty('message', expect.stringMatching(message));
      await other.close();
    });

    it('C89 leaves no connection to a replica behind', async () => {
      const master = await set.master();
      const proxy = await RedisProxy.start(master.url);
      proxy.outdate();
      const nodeAddressMap = { [`127.0.0.1:${master.port}`]: { host: '127.0.0.1', port: proxy.port } };
      const other = open({ ...named(), replicaPoolSize: 1, nodeAddressMap });
      const { error } = await settle(() => other.connect());
      expect(error).toBeInstanceOf(ImproperlyConfiguredError);
      await until('no connection is left', async () => (await connections()) === 0, 3000);
      await other.close();
      await proxy.stop();
    });

    it('says so in time when every Sentinel is frozen', async () => {
      freeze(...set.sentinels);
      const other = open();
      const { error, waitedMs } = await settle(() => other.connect());
      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error).toHaveProperty('message', expect.stringContaining('no answer within 1000 ms'));
      expect(waitedMs).toBeLessThan(1500);
      await other.close();
      thaw();
    });

    it('says so at once when no Sentinel is named', () => {
      expect(() => open({ sentinelRootNodes: [] })).toThrow(ImproperlyConfiguredError);
    });
  });
});
