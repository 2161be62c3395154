import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { RedisSource } from '../../lib/config/settings.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import {
  ProxiedCluster,
  ProxiedSentinels,
  ProxiedServer,
  type ProxiedTopology,
} from '../support/proxied-topologies.js';
import { until } from '../support/redis-admin.js';
import type { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';

const USER = { username: 'app', password: 's3cret-of-app' };

const withUser = (source: RedisSource): RedisSource => {
  if (source.kind === 'url')
    return { kind: 'url', url: source.url.replace('://', `://${USER.username}:${USER.password}@`) };
  if (source.kind === 'cluster') return { ...source, options: { ...source.options, defaults: USER } };
  if (source.kind === 'sentinel')
    return { ...source, options: { ...source.options, nodeClientOptions: USER } };
  throw new Error('This source has no user');
};

interface Case {
  readonly start: () => Promise<ProxiedTopology>;
  /** The port that a message names. */
  readonly portOf: (topology: ProxiedTopology, index: number) => number;
  readonly fix: string;
}

const ofMaster = (topology: ProxiedTopology, index: number): number => topology.masters[index]!.port;

const TOPOLOGIES: Record<string, Case> = {
  'one Redis': {
    start: () => ProxiedServer.start(),
    portOf: (topology, index) => topology.proxies[index]!.port,
    fix: 'the url or clientOptions',
  },
  'a Cluster': { start: () => ProxiedCluster.start(), portOf: ofMaster, fix: 'cluster.defaults' },
  'a master behind Sentinels': {
    start: () => ProxiedSentinels.start(),
    portOf: ofMaster,
    fix: 'sentinel.nodeClientOptions',
  },
};

describe.each(Object.keys(TOPOLOGIES))('credentials that one server refuses, on %s', (name) => {
  const { start, portOf, fix } = TOPOLOGIES[name]!;
  const lines: string[] = [];
  let topology: ProxiedTopology;
  let refusing: RedisServer;
  let place: string;
  let keys: readonly string[];
  let store: KeyValueStore;

  beforeAll(async () => {
    const add = (level: string) => (line: unknown) => void lines.push(`${level}: ${String(line)}`);
    Logger.overrideLogger({ log: add('log'), warn: add('warn'), error: add('error') });
    topology = await start();
    refusing = topology.masters.at(-1)!;
    place = `127.0.0.1:${portOf(topology, topology.masters.length - 1)}`;
    keys = await Promise.all(topology.masters.map((master) => topology.keyOn(master, randomUUID())));
  });

  beforeEach(async () => {
    for (const master of topology.masters) await setPassword(master, USER.password);
    store = openRedisStore({
      source: withUser(topology.source),
      clientOptions: {},
      operationTimeoutMs: 1000,
      connectTimeoutMs: 5000,
    });
    lines.length = 0;
  });

  afterEach(() => store.close());

  afterAll(async () => {
    Logger.overrideLogger(false);
    await topology.stop();
  });

  const setPassword = (server: RedisServer, password: string): Promise<unknown> =>
    topology.command(
      server,
      'ACL',
      'SETUSER',
      USER.username,
      'on',
      'resetpass',
      `>${password}`,
      '~*',
      '+@all',
    );

  const callAll = (): Promise<{ error?: unknown }[]> =>
    Promise.all(keys.map((key) => settle(() => store.get(key))));

  it('refuse the start, naming the server', async () => {
    await setPassword(refusing, 'another');
    const { error } = await settle(() => store.connect());

    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    const { message } = error as Error;
    for (const part of [place, 'refused the credentials (WRONGPASS)', fix]) expect(message).toContain(part);
    expect(message).not.toContain(USER.password);
    expect(lines).toEqual([]);
  });

  it('are told by each call to it and once by the log, until it accepts them', async () => {
    await store.connect();
    await setPassword(refusing, 'another');
    await topology.command(refusing, 'CLIENT', 'KILL', 'USER', USER.username);
    await until('the call says so', async () => {
      const outcomes = await callAll();
      return (outcomes.at(-1)!.error as Error).message.includes('refused the credentials (WRONGPASS)');
    });
    const outcomes = await callAll();
    const { error } = outcomes.at(-1)!;

    expect(error).toBeInstanceOf(RedisConnectionError);
    expect((error as Error).message).toContain(place);
    expect((error as Error).cause).toBeInstanceOf(ImproperlyConfiguredError);
    expect(outcomes.slice(0, -1).map((outcome) => outcome.error)).toEqual(keys.slice(1).map(() => undefined));
    await setPassword(refusing, USER.password);
    await until('it is back', async () => (await callAll()).every((outcome) => outcome.error === undefined));
    const own = `The connection of the cache to Redis at ${place}`;
    const told = lines.filter((line) => !line.startsWith('warn: ') || !line.includes(' was lost ('));
    expect(told).toEqual([
      `error: ${own} cannot be made: ${(error as Error).message}`,
      `log: ${own} is back again`,
    ]);
    expect(lines.join()).not.toContain(USER.password);
  });

  it('are told after an outage that began otherwise', async () => {
    await store.connect();
    const proxy = topology.proxies.at(-1)!;
    await proxy.refuse();
    await until('it is down', async () => (await callAll()).at(-1)!.error !== undefined);
    await setPassword(refusing, 'another');
    await proxy.listen();
    await until('the log says so', () =>
      Promise.resolve(lines.some((line) => /^error: .*refused the credentials/.test(line))),
    );

    expect(lines).toEqual([
      expect.stringContaining(`warn: The connection of the cache to Redis at ${place} was lost (`),
      expect.stringContaining(`error: The connection of the cache to Redis at ${place} cannot be made: `),
    ]);
  });

  if (name === 'a Cluster') {
    it('a start without a master is one warning that names it, and one line when it is back', async () => {
      const proxy = topology.proxies.at(-1)!;
      await proxy.refuse();
      await store.connect();
      await callAll();
      await proxy.listen();
      await until('it is back', async () => (await callAll()).every(({ error }) => error === undefined));

      expect(lines).toEqual([
        `warn: The connection of the cache to Redis at ${place} could not be made (ECONNREFUSED); trying again`,
        `log: The connection of the cache to Redis at ${place} is back again`,
      ]);
    });
  }

  it('a start that fails is told by its error alone', async () => {
    for (const proxy of topology.allProxies) await proxy.refuse();
    const impatient = openRedisStore({
      source: withUser(topology.source),
      clientOptions: {},
      operationTimeoutMs: 300,
      connectTimeoutMs: 300,
    });
    const { error } = await settle(() => impatient.connect());
    await impatient.close();
    for (const proxy of topology.allProxies) await proxy.listen();

    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(lines).toEqual([]);
  });
});
