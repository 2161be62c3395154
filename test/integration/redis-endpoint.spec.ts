import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger, type LoggerService } from '@nestjs/common';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError, RedisUnavailableError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';

describe('an endpoint that moves to another server', () => {
  const admin = new RedisAdmin();
  const lines: string[] = [];
  const note = (line: unknown): number => lines.push(String(line));
  const logger: LoggerService = { log: note, warn: note, error: note };
  const key = randomUUID();
  let primary: RedisServer;
  let other: RedisServer;
  let endpoint: RedisProxy;
  let store: KeyValueStore;

  beforeAll(async () => {
    [primary, other] = await Promise.all([RedisServer.start(), RedisServer.start()]);
  });

  afterAll(async () => {
    admin.close();
    await Promise.all([primary.stop(), other.stop()]);
  });

  const follow = async (server: RedisServer, leader: RedisServer | undefined): Promise<void> => {
    const [host, port] = leader === undefined ? ['NO', 'ONE'] : ['127.0.0.1', String(leader.port)];
    await admin.command(server.port, 'REPLICAOF', host, port);
  };

  const info = async (server: RedisServer, section: string, name: string): Promise<number> => {
    const text = await admin.command<string>(server.port, 'INFO', section);
    return Number(new RegExp(`${name}:(?:calls|count)=(\\d+)`).exec(text)?.[1] ?? 0);
  };

  const sum = async (section: string, name: string): Promise<number> => {
    const [one, two] = await Promise.all([primary, other].map((server) => info(server, section, name)));
    return one! + two!;
  };

  beforeEach(async () => {
    await follow(primary, undefined);
    await follow(other, primary);
    await until('the replica is in step', async () =>
      (await admin.command<string>(other.port, 'INFO', 'replication')).includes('master_link_status:up'),
    );
    for (const server of [primary, other]) await admin.command(server.port, 'CONFIG', 'RESETSTAT');
    endpoint = await RedisProxy.start(primary.url);
    store = openRedis(endpoint.url);
    await store.connect();
    await store.set(key, '1', null);
    lines.length = 0;
    Logger.overrideLogger(logger);
  });

  afterEach(async () => {
    Logger.overrideLogger(false);
    await store.close();
    await endpoint.stop();
  });

  const failOver = async (): Promise<void> => {
    await follow(other, undefined);
    await follow(primary, other);
  };

  const isRefused = async (): Promise<void> => {
    const { error } = await settle(() => store.set(key, '2', null));
    expect(error).toBeInstanceOf(RedisConnectionError);
  };

  it('CN1 is followed: one READONLY, one ROLE for each attempt, one line in the log, down meanwhile', async () => {
    await failOver();
    const { error } = await settle(() => store.set(key, '2', null));
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error).toMatchObject({ replyCode: 'READONLY' });
    const attempts = endpoint.accepted;
    await until('it has tried some times', () => Promise.resolve(endpoint.accepted > attempts + 4));
    await isRefused();
    await expect(store.ping()).rejects.toBeInstanceOf(RedisConnectionError);
    endpoint.moveTo(other.url);
    await until('it takes writes', () => store.set(key, '3', null).then(() => true));

    await expect(admin.command(other.port, 'GET', key)).resolves.toBe('3');
    await expect(sum('errorstats', 'errorstat_READONLY')).resolves.toBe(1);
    await expect(sum('commandstats', 'cmdstat_role')).resolves.toBe(endpoint.accepted);
    expect(lines).toEqual([
      expect.stringMatching(
        /^The connection of the cache to Redis at 127.0.0.1:\d+ was lost .*READONLY.*; reconnecting$/,
      ),
      expect.stringMatching(/^The connection of the cache to Redis at .* is back again$/),
    ]);
  });

  it.each([
    ['an increment', () => store.incrementIfPresent(key, 1)],
    ['a comparison', () => store.compareAndSet(key, '1', '2', null)],
    ['a hit', () => store.hit(key + ':hits', { windowMs: 1000, limit: 1, blockMs: 0 })],
    [
      'many',
      () =>
        store.setMany(
          [
            [key, '2'],
            [key + ':more', '2'],
          ],
          10_000,
        ),
    ],
  ])('CN1 is followed after %s alone', async (_, write) => {
    await failOver();
    expect((await settle(write)).error).toMatchObject({ replyCode: 'READONLY' });
    endpoint.moveTo(other.url);
    await until('it takes writes', async () => (await settle(write)).error === undefined);
    await expect(sum('errorstats', 'errorstat_READONLY')).resolves.toBe(1);
  });

  it('CN1 answers what is in flight when READONLY comes, and pauses while the server is a replica', async () => {
    await failOver();
    const calls = [store.get(key), store.set(key, '2', null), store.get(key), store.has(key)];
    const outcomes = await Promise.allSettled(calls);

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    const attempts = endpoint.accepted;
    await pause(1000);
    expect(endpoint.accepted - attempts).toBeLessThan(20);
    await until('the old connection is gone', () => Promise.resolve(endpoint.open < 3));
  });

  it('CN1 is noticed by the role when the connection ends by itself: no write is refused', async () => {
    await failOver();
    endpoint.drop();
    await until('it is known', async () => (await settle(() => store.ping())).error !== undefined);
    await isRefused();
    endpoint.moveTo(other.url);
    await until('it takes writes', () => store.set(key, '3', null).then(() => true));

    await expect(sum('errorstats', 'errorstat_READONLY')).resolves.toBe(0);
  });

  it('CN3 is waited for at the start until the server is promoted, and then refused', async () => {
    const waiting = openRedis(other.url, { connectTimeoutMs: 20_000 });
    const starting = waiting.connect();
    const impatient = openRedis(other.url, { connectTimeoutMs: 200 });
    const { error } = await settle(() => impatient.connect());
    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error).toHaveProperty('message', expect.stringMatching(/is a replica.*`sentinel`/));
    await follow(other, undefined);

    await starting;
    await waiting.set(key, '4', null);
    await Promise.all([waiting.close(), impatient.close()]);
  });

  it.each([
    ['NOREPLICAS', ['min-replicas-to-write', '9', '0']],
    ['OOM', ['maxmemory', '1', '0']],
  ] as const)('CN2 is down while the server answers %s', async (code, [name, on, off]) => {
    await admin.command(primary.port, 'CONFIG', 'SET', name, on);
    const write = await settle(() => store.set(key, '2', null));
    const ping = await settle(() => store.ping());
    await admin.command(primary.port, 'CONFIG', 'SET', name, off);

    for (const { error } of [write, ping]) {
      expect(error).toBeInstanceOf(RedisUnavailableError);
      expect(error).toMatchObject({ replyCode: code, code: 'CODEX_REDIS_UNAVAILABLE', status: 503 });
    }
    await expect(store.ping()).resolves.toBeUndefined();
  });
});
