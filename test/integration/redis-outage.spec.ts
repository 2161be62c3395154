import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RedisConnectionError, RedisServiceError, RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { occupy, pauseClients, reload } from '../support/episodes.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedis } from '../support/open-redis.js';
import { settle, verbs } from '../support/settle.js';
import { timeOf } from '../support/time-of.js';

const DEADLINE_MS = 300;
/** The deadline, the quarter allowed beyond it, and what a busy machine adds. */
const SETTLED_MS = DEADLINE_MS * 1.25 + 250;
/** Below any deadline: nothing was waited for. */
const AT_ONCE_MS = 250;
/** A few attempts to connect, on a busy machine. */
const BACK_MS = 1500;
const HOUR_MS = 3_600_000;

const busy = (): void => undefined;

describe('an outage of Redis', () => {
  let server: RedisServer;
  let store: KeyValueStore;
  const admin = new RedisAdmin();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start({ config: { 'enable-debug-command': 'yes' } });
  });

  afterAll(async () => {
    admin.close();
    await server.stop();
  });

  beforeEach(async () => {
    store = openRedis(server.url, { operationTimeoutMs: DEADLINE_MS });
    await store.connect();
    await store.set('k', '1', null);
  });

  afterEach(() => store.close());

  const send = (...args: string[]): Promise<unknown> => admin.command(server.port, ...args);

  const isBack = async (answers = (): Promise<unknown> => store.ping()): Promise<void> => {
    const backAfterMs = await timeOf(() => until('Redis answers again', () => answers().then(() => true)));
    expect(backAfterMs).toBeLessThan(BACK_MS);
  };

  describe('that is frozen', () => {
    let thawed = false;

    beforeEach(() => {
      thawed = false;
      server.freeze();
    });

    const thaw = (): void => {
      thawed = true;
      server.thaw();
    };

    afterEach(() => {
      if (!thawed) server.thaw();
    });

    it('rejects every call in flight with RedisTimeoutError when its deadline is over', async () => {
      const results = await Promise.all(verbs(store).map(settle));

      for (const { error, afterMs, waitedMs } of results) {
        expect(error).toBeInstanceOf(RedisTimeoutError);
        expect(afterMs).toBeGreaterThan(DEADLINE_MS * 0.9);
        expect(waitedMs).toBeLessThan(SETTLED_MS);
      }
    });

    it('rejects later calls at once, and works again soon after the thaw', async () => {
      await settle(() => store.get('k'));

      for (const { error, waitedMs } of await Promise.all(verbs(store).map(settle))) {
        expect(error).toBeInstanceOf(RedisConnectionError);
        expect(error).not.toBeInstanceOf(RedisTimeoutError);
        expect(waitedMs).toBeLessThan(AT_ONCE_MS);
      }
      thaw();
      await isBack();
    });

    it('bounds a first call that still has to connect', async () => {
      const fresh = openRedis(server.url, { operationTimeoutMs: DEADLINE_MS });

      const { error, waitedMs } = await settle(() => fresh.get('k'));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(waitedMs).toBeLessThan(SETTLED_MS);
      await fresh.close();
    });

    it.each([100, 1200])('holds a deadline of %i ms', async (deadlineMs) => {
      thaw();
      const other = openRedis(server.url, { operationTimeoutMs: deadlineMs });
      await other.connect();
      server.freeze();
      thawed = false;

      const { error, afterMs, waitedMs } = await settle(() => other.get('k'));

      expect(error).toBeInstanceOf(RedisTimeoutError);
      expect(afterMs).toBeGreaterThan(deadlineMs * 0.9);
      expect(waitedMs).toBeLessThan(deadlineMs * 1.25 + 250);
      await other.close();
    });
  });

  it('rejects what CLIENT PAUSE holds up, and works again when it ends', async () => {
    // much longer than the deadline, whose ticks come late on a busy machine
    const paused = await pauseClients(send, 3 * DEADLINE_MS);

    const { error, waitedMs } = await settle(() => store.get('k'));

    expect(error).toBeInstanceOf(RedisTimeoutError);
    expect(waitedMs).toBeLessThan(SETTLED_MS);
    await paused.end;
    await isBack();
  });

  it('rejects what a command of another client holds up', async () => {
    const sleep = await occupy(send, 3 * DEADLINE_MS);

    const { error, waitedMs } = await settle(() => store.get('k'));

    expect(error).toBeInstanceOf(RedisTimeoutError);
    expect(waitedMs).toBeLessThan(SETTLED_MS);
    await sleep.end;
    await isBack();
  });

  it('waits for what takes less than the deadline', async () => {
    const sleep = await occupy(send, 200);

    await expect(store.get('k')).resolves.toBe('1');
    await sleep.end;
  });

  it('passes on at once that Redis is loading', async () => {
    const { end } = await reload(send, 1000);
    let loading: unknown;
    await until('Redis is loading', async () => {
      const { error, waitedMs } = await settle(() => store.get('k'));
      expect(waitedMs).toBeLessThan(SETTLED_MS);
      loading = error;
      return error instanceof RedisServiceError;
    });

    expect(loading).toMatchObject({ replyCode: 'LOADING', status: 503 });
    await end;
    await expect(store.get('k')).resolves.toBe('1');
    await admin.command(server.port, 'FLUSHALL');
  });

  it('rejects at once while Redis is down, and works again soon after its return', async () => {
    await server.kill();
    await settle(() => store.get('k'));

    for (const { error, waitedMs } of await Promise.all(verbs(store).map(settle))) {
      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(waitedMs).toBeLessThan(AT_ONCE_MS);
    }
    await server.start();
    await isBack();
  });

  it('names neither host nor port in what may reach a client of HTTP', async () => {
    await server.kill();
    const { error } = await settle(() => store.get('k'));
    await server.start();

    expect((error as Error).message).not.toMatch(/127\.0\.0\.1|\d{4,}/);
  });

  it('rejects a call whose connection is killed in flight, and works again', async () => {
    const sleep = await occupy(send, 100);
    const call = settle(() => store.compareAndSet('k', '1', '2', null));
    await admin.command(server.port, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

    expect((await call).error).toBeInstanceOf(RedisConnectionError);
    await sleep.end;
    await isBack();
  });

  it('leaves one connection after many were killed', async () => {
    for (let kill = 0; kill < 5; kill++) {
      await admin.command(server.port, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await until('it is back', async () => (await store.get('k')) === '1');
    }

    const clients = await admin.command<string>(server.port, 'CLIENT', 'LIST', 'TYPE', 'normal');
    expect(clients.trim().split('\n')).toHaveLength(2);
  });

  it('does not take a blocked event loop for an outage', async () => {
    const call = store.get('k');
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + DEADLINE_MS * 3;
    while (performance.now() < end) busy();

    await expect(call).resolves.toBe('1');
  });

  describe('that does not happen', () => {
    const ids = async (): Promise<string[]> => {
      const list = await admin.command<string>(server.port, 'CLIENT', 'LIST', 'TYPE', 'normal');
      return [...list.matchAll(/\bid=\d+/g)].map(String);
    };

    it('keeps an idle connection', async () => {
      await store.get('k');
      const before = await ids();
      await pause(DEADLINE_MS * 4);

      await expect(store.get('k')).resolves.toBe('1');
      await expect(ids()).resolves.toEqual(before);
    });

    it('keeps a connection that is idle for hours: no timer of ours, and none of its socket, ends it', async () => {
      const sockets: Socket[] = [];
      const see = (made: unknown): unknown => sockets.push((made as { socket: Socket }).socket);
      subscribe('net.client.socket', see);
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
      const idle = openRedis(server.url, { operationTimeoutMs: DEADLINE_MS });
      try {
        await idle.get('k');
        unsubscribe('net.client.socket', see);
        const before = await ids();
        await jest.advanceTimersByTimeAsync(5 * HOUR_MS);

        await expect(idle.get('k')).resolves.toBe('1');
        await expect(ids()).resolves.toEqual(before);
        // node-redis leaves its connect timeout set, which nobody listens to once it is connected
        expect(sockets.map((socket) => socket.listenerCount('timeout'))).toEqual([0]);
      } finally {
        jest.useRealTimers();
        await idle.close();
      }
    });
  });

  it('replaces a connection that Redis closed because it was idle, before it is needed', async () => {
    await admin.command(server.port, 'CONFIG', 'SET', 'timeout', '1');
    const first = await admin.command<string>(server.port, 'CLIENT', 'LIST', 'TYPE', 'normal');
    await until('Redis has closed it and it is replaced', async () => {
      const list = await admin.command<string>(server.port, 'CLIENT', 'LIST', 'TYPE', 'normal');
      const known = [...first.matchAll(/\bid=\d+/g)].map(String);
      return list
        .split('\n')
        .some((line) => /lib-name=|cmd=/.test(line) && !known.some((id) => line.startsWith(`${id} `)));
    });
    await admin.command(server.port, 'CONFIG', 'SET', 'timeout', '0');

    await expect(store.get('k')).resolves.toBe('1');
  });

  describe('on the way there', () => {
    let proxy: RedisProxy;
    let far: KeyValueStore;
    const key = randomUUID();

    beforeEach(async () => {
      proxy = await RedisProxy.start(server.url);
      far = openRedis(proxy.url, { operationTimeoutMs: DEADLINE_MS });
      await far.connect();
      await far.set(key, '1', null);
    });

    afterEach(async () => {
      await far.close();
      await proxy.stop();
      await store.delete(key);
    });

    it('rejects in time in a black hole, fails at once then, and comes back without a storm', async () => {
      proxy.swallow();
      for (const { error, waitedMs } of await Promise.all(verbs(far).map(settle))) {
        expect(error).toBeInstanceOf(RedisTimeoutError);
        expect(waitedMs).toBeLessThan(SETTLED_MS);
      }
      const accepted = proxy.accepted;
      await pause(1000);
      const later = await settle(() => far.get(key));

      expect(later.error).toBeInstanceOf(RedisConnectionError);
      expect(later.waitedMs).toBeLessThan(AT_ONCE_MS);
      expect(proxy.accepted - accepted).toBeLessThan(9);
      expect(proxy.open).toBeLessThan(5);
      proxy.pass();
      await isBack(() => far.get(key));
    });

    it('says of a write whose answer was lost that its outcome is unknown', async () => {
      proxy.swallowReplies();

      await expect(far.set(key, '2', null)).rejects.toThrow(/whether a write took place is unknown/);
      await expect(store.get(key)).resolves.toBe('2');
    });

    it('waits for a long reply as long as it keeps coming', async () => {
      const long = 'x'.repeat(4_000_000);
      await store.set(key, long, null);
      proxy.slowDown(3_000_000);

      const [first, second] = await Promise.all([far.get(key), far.has(key)]);

      expect(first).toHaveLength(long.length);
      expect(second).toBe(true);
    });

    it('rejects when a long reply breaks off', async () => {
      await store.set(key, 'x'.repeat(4_000_000), null);
      proxy.slowDown(4_000_000);
      const call = settle(() => far.get(key));
      await pause(DEADLINE_MS);
      proxy.swallow();

      expect(await timeOf(() => call)).toBeLessThan(SETTLED_MS);
      expect((await call).error).toBeInstanceOf(RedisTimeoutError);
    });

    it('recovers from a dropped connection', async () => {
      proxy.drop();

      await isBack(() => far.get(key));
      await expect(far.get(key)).resolves.toBe('1');
    });
  });
});
