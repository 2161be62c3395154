import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { freePort, RedisServer } from '../support/redis-server.js';
import { countThenDelete, settle, untilRejected, verbs } from '../support/settle.js';

/** Timers and sockets, by kind. */
const handles = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo())
    if (/^(TCPSocketWrap|PipeWrap|TLSWrap|TCPConnectWrap|Timeout)$/.test(kind))
      counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

/** Sockets take a moment to be gone. */
const nothingMoreThan = async (before: Record<string, number>): Promise<void> => {
  const more = (): string[] =>
    Object.entries(handles())
      .filter(([kind, count]) => count > (before[kind] ?? 0))
      .map(([kind]) => kind);
  await until('no handle is left', () => Promise.resolve(more().length === 0), 2000).catch(() => undefined);
  expect(more()).toEqual([]);
};

describe('the life of a store on Redis', () => {
  let server: RedisServer;
  const admin = new RedisAdmin();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start({ config: { 'enable-debug-command': 'yes' } });
    await admin.command(server.port, 'PING');
  });

  afterAll(async () => {
    admin.close();
    await server.stop();
  });

  const connections = async (): Promise<number> => {
    const list = await admin.command<string>(server.port, 'CLIENT', 'LIST', 'TYPE', 'normal');
    return list.trim().split('\n').length - 1;
  };

  it('leaves nothing behind after a hundred rounds', async () => {
    const round = async (): Promise<void> => {
      const store = openRedis(server.url);
      await Promise.all([store.connect(), store.get('k'), store.incrementIfPresent('k', 1)]);
      await store.close();
    };
    await round();
    await until('no connection is left', async () => (await connections()) === 0);
    const before = handles();
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    for (let i = 0; i < 100; i++) await round();

    await until('no connection is left', async () => (await connections()) === 0);
    await nothingMoreThan(before);
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
  });

  it('leaves nothing behind when it never connected', async () => {
    const before = handles();
    const store = openRedis(`redis://127.0.0.1:${await freePort()}/0`);
    await expect(store.connect()).rejects.toBeInstanceOf(RedisConnectionError);
    await expect(store.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
    await store.close();

    await nothingMoreThan(before);
  });

  it('finishes what is in flight when it is closed', async () => {
    const key = randomUUID();
    const store = openRedis(server.url);
    await store.connect();
    await store.set(key, '0', null);
    const sleep = admin.command(server.port, 'DEBUG', 'SLEEP', '0.2');
    await pause(20);
    const calls = [store.get(key), store.incrementIfPresent(key, 1), store.delete(`${key}:none`)];
    const closing = store.close();

    await expect(Promise.all(calls)).resolves.toEqual(['0', { outcome: 'done', value: '1' }, false]);
    await Promise.all([closing, sleep]);
  });

  it('CN10 gives a call in flight at close() its second step, and serves what follows from it', async () => {
    const key = randomUUID();
    const store = openRedis(server.url);
    await store.compareAndDelete(key, 'x');
    await store.set(key, '0', 60_000);
    await admin.command(server.port, 'SCRIPT', 'FLUSH');
    const called = [store.compareAndDelete(key, 'x'), countThenDelete(store, key)];
    const endless = untilRejected(() => store.get(key));
    await store.close();

    await expect(Promise.all(called)).resolves.toEqual([
      expect.objectContaining({ outcome: 'changed' }),
      { outcome: 'done' },
    ]);
    expect(await endless).toBeInstanceOf(RedisConnectionError);
  });

  it('rejects every verb once it is closed, however often that was asked for', async () => {
    const store = openRedis(server.url);
    await store.connect();
    await Promise.all([store.close(), store.close()]);
    await store.close();

    for (const { error } of await Promise.all(verbs(store).map(settle)))
      expect(error).toBeInstanceOf(RedisConnectionError);
    await expect(store.connect()).rejects.toBeInstanceOf(RedisConnectionError);
  });

  it('never opens a connection when it is closed unused', async () => {
    const proxy = await RedisProxy.start(server.url);
    const store = openRedis(proxy.url);
    await store.close();

    await expect(store.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
    expect(proxy.accepted).toBe(0);
    await proxy.stop();
  });

  it('closes while it is connecting', async () => {
    const proxy = await RedisProxy.start(server.url);
    proxy.swallow();
    const store = openRedis(proxy.url, { connectTimeoutMs: 10_000 });
    const connecting = settle(() => store.connect());
    const call = settle(() => store.get('k'));
    await until('it is on its way', () => Promise.resolve(proxy.open === 1));
    const start = performance.now();
    await store.close();

    expect(performance.now() - start).toBeLessThan(500);
    expect((await connecting).error).toBeInstanceOf(RedisConnectionError);
    expect((await call).error).toBeInstanceOf(RedisConnectionError);
    await until('nothing is left', () => Promise.resolve(proxy.open === 0));
    await proxy.stop();
  });

  it('closes within the operation timeout while Redis is frozen', async () => {
    const store = openRedis(server.url, { operationTimeoutMs: 300 });
    await store.connect();
    server.freeze();
    const call = settle(() => store.get('k'));
    const start = performance.now();
    await store.close();
    const took = performance.now() - start;
    server.thaw();

    expect(took).toBeLessThan(300 * 1.25 + 250);
    expect((await call).error).toBeInstanceOf(RedisConnectionError);
  });

  it('closes while Redis is down, and stops trying', async () => {
    const proxy = await RedisProxy.start(server.url);
    const store = openRedis(proxy.url, { operationTimeoutMs: 200 });
    await store.connect();
    proxy.swallow();
    await settle(() => store.get('k'));
    await pause(400);
    await store.close();
    await until('nothing is left', () => Promise.resolve(proxy.open === 0));
    const accepted = proxy.accepted;
    await pause(700);

    expect(proxy.accepted).toBe(accepted);
    await proxy.stop();
  });

  it('closes while Redis is down', async () => {
    const down = await RedisServer.start();
    const store = openRedis(down.url);
    await store.connect();
    await down.kill();
    await settle(() => store.get('k'));
    const start = performance.now();
    await store.close();

    expect(performance.now() - start).toBeLessThan(500);
    await down.stop();
  });
});
