import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
  RedisUnavailableError,
} from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CountingCallers } from '../support/counting-callers.js';
import {
  type Episode,
  finishLoading,
  occupy,
  pauseClients,
  reload,
  type SendCommand,
} from '../support/episodes.js';
import { ProxiedCluster, ProxiedSentinels, type ProxiedTopology } from '../support/proxied-topologies.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import type { RedisProxy } from '../support/redis-proxy.js';
import type { RedisServer } from '../support/redis-server.js';
import { type Settled, settle, untilRejected, verbs } from '../support/settle.js';
import { openSource } from '../support/stores.js';
import { timeOf } from '../support/time-of.js';

const DEADLINE_MS = 300;
/** The deadline, the quarter allowed beyond it, and what a busy machine adds. */
const SETTLED_MS = DEADLINE_MS * 1.25 + 250;
/** Below any deadline: nothing was waited for. */
const AT_ONCE_MS = 250;
/** A few attempts to connect, on a busy machine. */
const BACK_MS = 1500;
/** Of a load that is told to finish. */
const ENDLESS_MS = 30_000;
/** What 64 callers at once add. */
const CROWD_MS = 250;

const answered = ({ error, waitedMs }: Settled): void => {
  expect(error).toBeUndefined();
  expect(waitedMs).toBeLessThan(AT_ONCE_MS);
};

const timedOut = ({ error, afterMs, waitedMs }: Settled): void => {
  expect(error).toBeInstanceOf(RedisTimeoutError);
  expect(afterMs).toBeGreaterThan(DEADLINE_MS * 0.9);
  expect(waitedMs).toBeLessThan(SETTLED_MS);
};

const failedAtOnce = ({ error, waitedMs }: Settled): void => {
  expect(error).toBeInstanceOf(RedisConnectionError);
  expect(error).not.toBeInstanceOf(RedisTimeoutError);
  expect(waitedMs).toBeLessThan(AT_ONCE_MS);
};

const refusedAsLoading = ({ error, waitedMs }: Settled): void => {
  expect(error).toBeInstanceOf(RedisServiceError);
  expect(error).toMatchObject({ replyCode: 'LOADING', status: 503 });
  expect(waitedMs).toBeLessThan(AT_ONCE_MS);
};

const swallow = (proxies: readonly RedisProxy[]): void => {
  for (const proxy of proxies) proxy.swallow();
};

const pass = (proxies: readonly RedisProxy[]): void => {
  for (const proxy of proxies) proxy.pass();
};

const ends = (episodes: readonly Episode[]): Promise<unknown> => Promise.all(episodes.map(({ end }) => end));

describe('a fault of a whole topology', () => {
  let cluster: ProxiedCluster;
  let sentinels: ProxiedSentinels;
  let topology: ProxiedTopology;
  let prefix: string;
  let opened: KeyValueStore[];
  let store: KeyValueStore;
  let callers: CountingCallers | undefined;
  /** One on each master. */
  let keys: string[];
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    process.on('unhandledRejection', note);
    [cluster, sentinels] = await Promise.all([ProxiedCluster.start(), ProxiedSentinels.start()]);
  });

  afterAll(async () => {
    process.off('unhandledRejection', note);
    await Promise.all([cluster.stop(), sentinels.stop()]);
  });

  const open = (connectTimeoutMs?: number): KeyValueStore => {
    const made = openSource(topology.source, DEADLINE_MS, connectTimeoutMs);
    opened.push(made);
    return made;
  };

  const openOn = async (chosen: ProxiedTopology): Promise<void> => {
    topology = chosen;
    prefix = `test-${randomUUID()}`;
    opened = [];
    callers = undefined;
    store = open();
    keys = await Promise.all(topology.masters.map((master) => topology.keyOn(master, prefix)));
    await store.setMany(keys.map((key) => [key, 'v'] as const), 60_000); // prettier-ignore
  };

  afterEach(async () => {
    await callers?.stop();
    pass([...cluster.proxies, ...sentinels.proxies, ...sentinels.sentinelProxies]);
    expect(unhandled).toEqual([]);
    await Promise.all(topology.masters.map((master) => topology.command(master, 'FLUSHALL')));
    await Promise.all(opened.map((each) => each.close()));
  });

  /** Every verb, and a call to each master. */
  const calls = (): (() => Promise<unknown>)[] => [
    ...verbs(store, prefix),
    ...keys.map((key) => () => store.get(key)),
  ];

  /** Sends to a server, past its proxy. */
  const sendTo =
    (server: RedisServer): SendCommand =>
    (...args) =>
      topology.command(server, ...args);

  const onEachMaster = (begin: (send: SendCommand) => Promise<Episode>): Promise<Episode[]> =>
    Promise.all(topology.masters.map((master) => begin(sendTo(master))));

  const onTheWay = (ms: number, lose: (proxy: RedisProxy) => void): Promise<Episode[]> => {
    const { proxies } = topology;
    proxies.forEach(lose);
    return Promise.resolve([{ end: pause(ms).then(() => pass(proxies)) }]);
  };

  const isBack = async (back = store): Promise<void> => {
    const answers = (): Promise<true> => back.getMany(keys).then(() => true);
    expect(await timeOf(() => until('every master answers', answers))).toBeLessThan(BACK_MS);
    await expect(back.getMany(keys)).resolves.toEqual(keys.map(() => 'v'));
  };

  /** Ends what `reload` has begun, past the connection that waits for it. */
  const finish = async ({ port }: RedisServer): Promise<void> => {
    const aside = new RedisAdmin();
    await finishLoading((...args) => aside.command(port, ...args));
    aside.close();
  };

  const isLoading = (key: string): Promise<void> =>
    until('the master is loading', async () => {
      const { error, waitedMs } = await settle(() => store.get(key));
      expect(waitedMs).toBeLessThan(SETTLED_MS);
      return error instanceof RedisServiceError;
    });

  interface Kind {
    readonly name: string;
    readonly get: () => ProxiedTopology;
    readonly holes: readonly (readonly [what: string, proxies: () => readonly RedisProxy[]])[];
  }

  const kinds: readonly Kind[] = [
    {
      name: 'a Redis Cluster',
      get: () => cluster,
      holes: [['every node', () => cluster.proxies]],
    },
    {
      name: 'a master behind Sentinels',
      get: () => sentinels,
      holes: [
        ['the master', () => sentinels.proxies],
        ['the master and the Sentinels', () => [...sentinels.proxies, ...sentinels.sentinelProxies]],
      ],
    },
  ];

  const slownesses: readonly (readonly [what: string, begin: (send: SendCommand, ms: number) => Promise<Episode>])[] = [
    ['CLIENT PAUSE', pauseClients],
    ['a command of another client', occupy],
  ]; // prettier-ignore

  describe.each(kinds)('$name', ({ get, holes }) => {
    beforeEach(() => openOn(get()));

    it.each(holes)(
      'rejects in time with %s in a black hole, fails at once then, and comes back without a storm',
      async (_what, proxiesOf) => {
        const proxies = proxiesOf();
        const fresh = open();
        swallow(proxies);
        const first = settle(() => fresh.get(keys[0]!));
        for (const call of await Promise.all(calls().map(settle))) timedOut(call);
        const { error, waitedMs } = await first;
        expect(error).toBeInstanceOf(RedisConnectionError);
        expect(waitedMs).toBeLessThan(SETTLED_MS);

        const accepted = proxies.map((proxy) => proxy.accepted);
        await pause(700);
        for (const call of await Promise.all(calls().map(settle))) failedAtOnce(call);
        proxies.forEach((proxy, n) => {
          // Of two stores.
          expect(proxy.accepted - accepted[n]!).toBeLessThan(18);
          expect(proxy.open).toBeLessThan(10);
        });

        pass(proxies);
        await Promise.all([isBack(), isBack(fresh)]);
      },
    );

    it('says of a write whose answer was lost that its outcome is unknown', async () => {
      for (const proxy of topology.proxies) proxy.swallowReplies();

      for (const call of await Promise.all(keys.map((key) => settle(() => store.set(key, 'v2', null))))) {
        timedOut(call);
        expect(call.error).toHaveProperty('message', expect.stringMatching(/whether a write took place is unknown/));
      } // prettier-ignore
      const written = topology.masters.map((master, n) => topology.command(master, 'GET', keys[n]!));
      await expect(Promise.all(written)).resolves.toEqual(keys.map(() => 'v2'));
      await Promise.all(keys.map((key, n) => topology.command(topology.masters[n]!, 'SET', key, 'v')));
      pass(topology.proxies);
      await isBack();
    });

    it.each(slownesses)(
      'rejects what %s holds up, fails at once then, and works again when it ends',
      async (_what, begin) => {
        const slow = await onEachMaster((send) => begin(send, 900));

        for (const call of await Promise.all(calls().map(settle))) timedOut(call);
        for (const call of await Promise.all(calls().map(settle))) failedAtOnce(call);
        await ends(slow);
        await isBack();
      },
    );

    it.each(slownesses)('waits for %s that takes less than the deadline', async (_what, begin) => {
      const slow = await onEachMaster((send) => begin(send, 150));

      await expect(store.getMany(keys)).resolves.toEqual(keys.map(() => 'v'));
      await ends(slow);
    });

    it("C87c keeps the order of one caller's calls at the first use of a script on a connection", async () => {
      const [key] = keys as [string];
      await Promise.all(topology.masters.map((master) => topology.command(master, 'SCRIPT', 'FLUSH')));
      const fresh = open();
      await fresh.connect();

      await expect(
        Promise.all([
          fresh.set(key, '1', null),
          fresh.incrementIfPresent(key, 1),
          fresh.get(key),
          fresh.compareAndDelete(key, '2'),
          fresh.has(key),
        ]),
      ).resolves.toEqual([undefined, { outcome: 'done', value: '2' }, '2', { outcome: 'done' }, false]);
    });

    it('CN10 gives a call in flight at close() its second step, and serves what follows from it', async () => {
      const [key] = keys as [string];
      await store.compareAndDelete(key, 'x');
      await Promise.all(topology.masters.map((master) => topology.command(master, 'SCRIPT', 'FLUSH')));
      const chain = async (): Promise<unknown[]> => {
        // EVALSHA, and EVAL once the server has said that it does not know the script
        const compared = await store.compareAndDelete(key, 'v');
        const values: unknown[] = [];
        for (let step = 0; step < 3; step++) values.push(await store.getMany(keys));
        return [compared, ...values.map(String)];
      };
      const called = chain();
      const endless = untilRejected(() => store.get(key));
      await store.close();

      const [compared, ...values] = await called;
      expect(compared).toEqual({ outcome: 'done' });
      expect(values).toEqual(values.map(() => ['', ...keys.slice(1).map(() => 'v')].join(',')));
      expect(await endless).toBeInstanceOf(RedisConnectionError);
    });

    it('passes on at once that a master is loading, and starts beside it', async () => {
      const [key, ...others] = keys as [string, ...string[]];
      const { end } = await reload(sendTo(topology.masters[0]!), ENDLESS_MS);
      await isLoading(key);

      // PING and SCAN go to other masters too, and a server that loads still passes messages on
      const sent = verbs(store, `{${key}}`).slice(0, -3);
      for (const call of await Promise.all(sent.map(settle))) refusedAsLoading(call);
      for (const other of others) answered(await settle(() => store.get(other)));
      refusedAsLoading(await settle(() => store.ping()));
      const fresh = open();
      const start = await settle(() => fresh.connect());
      expect(start.error).toBeUndefined();
      refusedAsLoading(await settle(() => fresh.get(key)));
      for (const other of others) answered(await settle(() => fresh.get(other)));

      await finish(topology.masters[0]!);
      await end;
      await Promise.all([isBack(), isBack(fresh)]);
    });

    const begin: Record<string, () => Promise<readonly Episode[]>> = {
      'a black hole': () => onTheWay(500, (proxy) => proxy.swallow()),
      'lost replies': () => onTheWay(400, (proxy) => proxy.swallowReplies()),
      'CLIENT PAUSE': () => onEachMaster((send) => pauseClients(send, 500)),
      'a command of another client': () => onEachMaster((send) => occupy(send, 500)),
      'loading of the data': () => onEachMaster((send) => reload(send, 400)),
    };

    it('loses no acknowledged write, lets no call hang, and rejects with typed errors only', async () => {
      callers = new CountingCallers(store, 64);
      for (const [fault, episodes] of Object.entries(begin)) {
        await pause(100);
        const before = callers.failures.length;
        await ends(await episodes());
        await until(`the store answers after ${fault}`, () => store.ping().then(() => true), 3000);
        expect(callers.failures.length - before).toBeGreaterThanOrEqual(callers.size);
      }
      await pause(100);
      const { lies, untyped, longestMs } = await callers.end();

      expect(lies).toEqual([]);
      expect(untyped).toEqual([]);
      expect(longestMs).toBeLessThan(SETTLED_MS + CROWD_MS);
    });
  });

  describe('a Redis Cluster', () => {
    beforeEach(() => openOn(cluster));

    it('fails the slots of a node in a black hole alone', async () => {
      const [proxy] = cluster.proxies as [RedisProxy];
      const [key, ...others] = keys as [string, ...string[]];
      proxy.swallow();

      const [lost, ...there] = await Promise.all(keys.map((each) => settle(() => store.get(each))));
      timedOut(lost!);
      // Told by the order, not by a time: the others have their answers while this one still waits.
      expect(there.map(({ error }) => error)).toEqual(there.map(() => undefined));
      expect(Math.max(...there.map(({ afterMs }) => afterMs))).toBeLessThan(lost!.afterMs);
      const accepted = proxy.accepted;
      for (let n = 0; n < 14; n++) {
        for (const call of [() => store.get(key), () => store.getMany(keys), () => store.ping()])
          failedAtOnce(await settle(call));
        answered(await settle(() => store.getMany(others)));
        await pause(50);
      }
      expect(proxy.accepted - accepted).toBeLessThan(9);
      expect(proxy.open).toBeLessThan(5);

      proxy.pass();
      await isBack();
    });

    it('CN10 follows the redirections of a call in flight at close()', async () => {
      const { servers } = cluster;
      const [from, to] = servers.masters as [RedisServer, RedisServer];
      const tag = await cluster.keyOn(from, `${prefix}:pair`);
      const pair = [`{${tag}}:a`, `{${tag}}:b`] as const;
      const slot = await servers.slotOf(pair[0]);
      await store.setMany([[pair[0], 'a'], [pair[1], 'b']], 60_000); // prettier-ignore
      await servers.beginMigration(slot, from, to);
      await cluster.command(from, 'CONFIG', 'RESETSTAT');
      await cluster.command(from, 'MIGRATE', '127.0.0.1', String(to.port), pair[0], '0', '1000');
      // refused with TRYAGAIN until both are in one place
      const patient = openSource(topology.source, 10_000);
      opened.push(patient);
      await patient.connect();
      const reading = patient.getMany(pair);
      const closing = patient.close();
      await until('it was refused', async () =>
        (await cluster.command<string>(from, 'INFO', 'errorstats')).includes('TRYAGAIN'),
      );
      await cluster.command(from, 'MIGRATE', '127.0.0.1', String(to.port), pair[1], '0', '1000');

      await expect(reading).resolves.toEqual(['a', 'b']);
      await closing;
      await servers.endMigration(slot, to);
    });

    it('CN10 ends a move between slots that is in flight at close()', async () => {
      const [key, other] = keys as [string, string];
      const moving = store.rename(key, other);
      await store.close();

      await expect(moving).resolves.toBe(true);
      await expect(topology.command(topology.masters[1]!, 'GET', other)).resolves.toBe('v');
    });

    it('passes on that a master is loading which it redirects to', async () => {
      const { servers } = cluster;
      const [from, to] = servers.masters as [RedisServer, RedisServer];
      const moved = await cluster.keyOn(from, `${prefix}:moved`);
      const asked = await cluster.keyOn(from, `${prefix}:asked`);
      const [movedSlot, askedSlot] = await Promise.all([servers.slotOf(moved), servers.slotOf(asked)]);
      await store.set(moved, 'v', 60_000);
      await servers.migrate(movedSlot, from, to);
      await servers.beginMigration(askedSlot, from, to);
      const { end } = await reload(sendTo(to), ENDLESS_MS);
      await isLoading(keys[1]!);

      // The first call for the one that moved has the slots read again as well.
      for (const key of [asked, moved, moved, asked]) refusedAsLoading(await settle(() => store.get(key)));
      await finish(to);
      await end;
      await expect(store.get(moved)).resolves.toBe('v');
      await expect(store.get(asked)).resolves.toBeNull();
      await servers.endMigration(askedSlot, to);
    });

    it('CN2 does not start while every master is loading, says so in the end, and starts as soon as one has', async () => {
      const episodes = await onEachMaster((send) => reload(send, ENDLESS_MS));
      await Promise.all(keys.map(isLoading));
      const [impatient, patient] = [open(700), open(30_000)];
      const starting = patient.connect();

      const { error } = await settle(() => impatient.connect());
      expect(error).toBeInstanceOf(RedisUnavailableError);
      expect(error).toHaveProperty('replyCode', 'LOADING');
      await Promise.all(topology.masters.map(finish));
      await starting;
      await ends(episodes);
      await Promise.all([isBack(), isBack(patient), isBack(impatient)]);
    });
  });
});
