import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createClient } from 'redis';
import type { RedisSource } from '../../lib/config/settings.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CountingCallers } from '../support/counting-callers.js';
import { CountingProcess } from '../support/counting-process.js';
import { roundsOf } from '../support/long-run.js';
import {
  MovingCluster,
  MovingSentinels,
  MovingServer,
  type MovingTopology,
} from '../support/moving-topologies.js';
import { until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { openSource } from '../support/stores.js';

const DEADLINE_MS = 1000;
/** Of each topology. */
const CALLERS = 8;
const ROUNDS = roundsOf(20, 1);
const TIMEOUT_MS = 30_000 + ROUNDS * 30_000;

/** Every topology at once: they wait for the most part. */
describe('callers on every topology, whatever the network does', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);
  let topologies: readonly MovingTopology[];
  let opened: KeyValueStore[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    process.on('unhandledRejection', note);
    topologies = await Promise.all([MovingServer.start(), MovingCluster.start(), MovingSentinels.start()]);
  }, 60_000);

  beforeEach(() => {
    opened = [];
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(opened.map((store) => store.close()));
    expect(unhandled.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    process.off('unhandledRejection', note);
    await Promise.all(topologies.map((topology) => topology.stop()));
  });

  const onAll = <T>(work: (topology: MovingTopology) => T | Promise<T>): Promise<T[]> =>
    Promise.all(topologies.map(work));

  /** Counts on each source while the rounds are played, and says what is not as it was promised. */
  const whileCounting = async (
    sources: readonly RedisSource[],
    round: (counting: readonly CountingCallers[]) => Promise<unknown>,
  ): Promise<void> => {
    opened = sources.map((source) => openSource(source, DEADLINE_MS));
    await Promise.all(opened.map((store) => store.connect()));
    const counting = opened.map((store) => new CountingCallers(store, CALLERS));
    try {
      for (let n = 0; n < ROUNDS; n++) {
        await Promise.all(counting.map((callers) => callers.haveWritten()));
        for (const callers of counting) callers.faultBegins();
        await round(counting);
        await Promise.all(counting.map((callers) => callers.faultIsOver()));
      }
      await Promise.all(counting.map((callers) => callers.haveWritten()));
      const tallies = await Promise.all(counting.map((callers) => callers.end()));
      expect(tallies.map(({ lies, untyped, late }) => [lies, untyped, late])).toEqual(
        sources.map(() => [[], [], []]),
      );
    } finally {
      await Promise.all(counting.map((callers) => callers.stop()));
    }
  };

  const sources = (): readonly RedisSource[] => topologies.map(({ source }) => source);

  it(
    'lose nothing acknowledged when endpoints move, and nothing fails afterwards',
    async () => {
      const [server] = topologies as [MovingTopology];
      const { url } = server.source as Extract<RedisSource, { kind: 'url' }>;
      const way = await RedisProxy.start(url);
      const client = createClient({ url: way.url });
      client.on('error', () => undefined);
      await client.connect();
      try {
        await whileCounting([...sources(), { kind: 'client', client }], async () => {
          await onAll((topology) => topology.move());
          // a client of the user's own keeps its connection as long as that is open
          way.drop();
        });
      } finally {
        client.destroy();
        await way.stop();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'lose nothing acknowledged when a NAT forgets connections in use, and nothing fails afterwards',
    async () => {
      await whileCounting(sources(), async (counting) => {
        const before = counting.map(({ failures }) => failures.length);
        await onAll((topology) => topology.forget());
        await until('it is noticed', () =>
          Promise.resolve(counting.every(({ failures }, n) => failures.length > before[n]!)),
        );
      });
    },
    TIMEOUT_MS,
  );

  it(
    'CN11 notice nothing when a NAT forgets idle connections',
    async () => {
      // the clock that says how long nothing has moved; no timer of a connection runs meanwhile
      const now = Date.now.bind(Date);
      let aheadMs = 0;
      jest.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
      await whileCounting(sources(), async (counting) => {
        await Promise.all(counting.map((callers) => callers.rest()));
        await onAll((topology) => topology.forget());
        aheadMs += 1001;
        for (const callers of counting) callers.goOn();
        await Promise.all(counting.map((callers) => callers.haveWritten()));
        expect(counting.flatMap(({ failures }) => failures)).toEqual([]);
      });
    },
    TIMEOUT_MS,
  );

  it.each([
    ['notice nothing when their process is frozen', false],
    ['lose nothing acknowledged when a NAT forgets the connections of a frozen process', true],
  ])(
    '%s, and nothing fails afterwards',
    async (_, forgets) => {
      const options = { sources: sources(), callers: CALLERS, deadlineMs: DEADLINE_MS };
      const counting = await CountingProcess.start(options);
      try {
        for (let n = 0; n < ROUNDS; n++) {
          await counting.haveWritten();
          await counting.faultBegins();
          counting.freeze();
          if (forgets) await onAll((topology) => topology.forget());
          await pause(1.2 * DEADLINE_MS);
          counting.thaw();
          await counting.faultIsOver();
        }
        await counting.haveWritten();
        const reports = await counting.end();

        expect(reports.map(({ lies, untyped, late }) => [lies, untyped, late])).toEqual(
          topologies.map(() => [[], [], []]),
        );
        const failures = reports.map((report) => report.failures);
        if (!forgets) expect(failures).toEqual(topologies.map(() => []));
      } finally {
        counting.kill();
      }
    },
    TIMEOUT_MS,
  );
});
