import { randomUUID } from 'node:crypto';
import { Logger, type LoggerService } from '@nestjs/common';
import { openStore } from '../../lib/store/open-store.js';
import { systemClock } from '../../lib/common/clock.js';
import type { StoreSource } from '../../lib/config/settings.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { ProxiedCluster, ProxiedSentinels, type ProxiedTopology } from '../support/proxied-topologies.js';
import { until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';

interface Topology {
  readonly source: StoreSource;
  readonly proxies: readonly RedisProxy[];
  /** One on each server. */
  readonly keys: readonly string[];
  stop(): Promise<void>;
}

const ofSeveral = async (topology: ProxiedTopology): Promise<Topology> => ({
  source: topology.source,
  proxies: topology.proxies,
  keys: await Promise.all(topology.masters.map((master) => topology.keyOn(master, randomUUID()))),
  stop: () => topology.stop(),
});

const ofOne = async (): Promise<Topology> => {
  const server = await RedisServer.start();
  const proxy = await RedisProxy.start(server.url);
  return {
    source: { kind: 'url', url: proxy.url },
    proxies: [proxy],
    keys: [randomUUID()],
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
};

const TOPOLOGIES: Record<string, () => Promise<Topology>> = {
  'one Redis': ofOne,
  'a Cluster': async () => ofSeveral(await ProxiedCluster.start()),
  'a master behind Sentinels': async () => ofSeveral(await ProxiedSentinels.start()),
};

describe.each(Object.keys(TOPOLOGIES))('the log of an outage of %s', (name) => {
  let topology: Topology;
  let stores: KeyValueStore[];
  const lines: string[] = [];
  const add = (level: string) => (line: unknown) => void lines.push(`${level}: ${String(line)}`);
  const logger: LoggerService = { log: add('log'), warn: add('warn'), error: add('error') };

  beforeAll(async () => {
    topology = await TOPOLOGIES[name]!();
    Logger.overrideLogger(logger);
    const settings = {
      source: topology.source,
      clientOptions: {},
      operationTimeoutMs: 300,
      connectTimeoutMs: 5000,
    };
    stores = await Promise.all([
      openStore(settings, systemClock),
      openStore({ ...settings, holdsSessions: true }, systemClock),
    ]);
    await Promise.all(stores.map((store) => store.connect()));
    lines.length = 0;
  });

  afterAll(async () => {
    Logger.overrideLogger(false);
    await Promise.all(stores.map((store) => store.close()));
    await topology.stop();
  });

  const callAll = (): Promise<{ error?: unknown }[]> =>
    Promise.all(stores.flatMap((store) => topology.keys.map((key) => settle(() => store.get(key)))));

  it.each(['first', 'second'])(
    'CN15 is one warning and one line that it is back for each connection, which says whose it is (%s outage)',
    async () => {
      await callAll();
      lines.length = 0;
      for (const proxy of topology.proxies) proxy.swallow();
      await callAll();
      // calls that fail meanwhile are no further outage
      for (let again = 0; again < 5; again++) await callAll();
      for (const proxy of topology.proxies) proxy.pass();
      await until('all work again', async () => (await callAll()).every(({ error }) => error === undefined));
      const connections = topology.proxies.length;

      for (const owner of ['cache', 'sessions']) {
        const own = lines.filter((line) => line.includes(`The connection of the ${owner} to Redis at `));
        expect(own).toHaveLength(2 * connections);
        for (const level of [/^warn: .* was lost \(.*\); reconnecting$/, /^log: .* is back again$/])
          expect(own.filter((line) => level.test(line))).toHaveLength(connections);
      }
      expect(lines).toHaveLength(4 * connections);
    },
  );
});
