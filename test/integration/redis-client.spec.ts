import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createClient, RESP_TYPES, type RedisClientType } from 'redis';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError, RedisServiceError, RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { until } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { countThenDelete, settle, untilRejected, verbs } from '../support/settle.js';

const DEADLINE_MS = 300;
const SETTLED_MS = DEADLINE_MS * 1.25 + 250;
/** Below the deadline: nothing was waited for. */
const AT_ONCE_MS = 150;

describe('a client handed in', () => {
  let server: RedisServer;
  let client: RedisClientType;
  let store: KeyValueStore;
  let key: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start();
  });

  afterAll(() => server.stop());

  const hand = (handed: RedisClientType, connectTimeoutMs = 2000): KeyValueStore =>
    openRedisStore({
      source: { kind: 'client', client: handed },
      clientOptions: {},
      operationTimeoutMs: DEADLINE_MS,
      connectTimeoutMs,
    });

  beforeEach(async () => {
    key = randomUUID();
    client = createClient({ url: server.url });
    client.on('error', () => undefined);
    await client.connect();
    store = hand(client);
  });

  afterEach(async () => {
    await store.close();
    if (client.isOpen) client.destroy();
  });

  it('serves every verb', async () => {
    await store.set(key, '1', null);
    const results = await Promise.all(verbs(store).map(settle));

    expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined));
    await store.deleteMany([key, 'k', 'l', 'h']);
  });

  it('is neither closed nor changed, and serves its owner after the store is closed', async () => {
    const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)]);
    await store.set(key, 'v', null);
    await store.close();
    await store.close();

    expect(client.isReady).toBe(true);
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(listeners);
    await expect(client.get(key)).resolves.toBe('v');
    await expect(store.get(key)).rejects.toBeInstanceOf(RedisConnectionError);
    await client.del(key);
  });

  it('CN10 gives a call in flight at close() its second step, and serves what follows from it', async () => {
    await store.compareAndDelete(key, 'x');
    await store.set(key, '0', 60_000);
    await client.scriptFlush();
    const called = [store.compareAndDelete(key, 'x'), countThenDelete(store, key)];
    const endless = untilRejected(() => store.get(key));
    await store.close();

    await expect(Promise.all(called)).resolves.toEqual([
      expect.objectContaining({ outcome: 'changed' }),
      { outcome: 'done' },
    ]);
    expect(await endless).toBeInstanceOf(RedisConnectionError);
  });

  it('may speak RESP 2', async () => {
    const old = createClient({ url: server.url, RESP: 2 });
    await old.connect();
    const second = hand(old as unknown as RedisClientType);
    await second.set(key, '1', 60_000);

    await expect(second.incrementIfPresent(key, 1)).resolves.toEqual({ outcome: 'done', value: '2' });
    await expect(second.compareAndSet(key, 'x', 'y', null)).resolves.toEqual({
      outcome: 'changed',
      current: '2',
    });
    await expect(second.setIfAbsentOrGet(key, 'z', null)).resolves.toBe('2');
    await expect(second.getMany([key, 'none'])).resolves.toEqual(['2', null]);
    await second.delete(key);
    await second.close();
    old.destroy();
  });

  it('may map the types of its own replies', async () => {
    const typeMapping = { [RESP_TYPES.NUMBER]: String, [RESP_TYPES.BLOB_STRING]: Buffer };
    const mapping = createClient({ url: server.url, commandOptions: { typeMapping } });
    await mapping.connect();
    const second = hand(mapping as unknown as RedisClientType);
    try {
      await second.set(key, '1', null);

      await expect(second.get(key)).resolves.toBe('1');
      await expect(second.has(`${key}:none`)).resolves.toBe(false);
      await expect(second.remaining(key)).resolves.toBeNull();
      await expect(second.compareAndSet(key, '1', '2', null)).resolves.toEqual({ outcome: 'done' });
      await expect(second.delete(key)).resolves.toBe(true);
      await expect(mapping.sendCommand(['EXISTS', key])).resolves.toBe('0');
    } finally {
      await second.close();
      mapping.destroy();
    }
  });

  it('fails as any other: what Redis refuses is a RedisServiceError', async () => {
    await client.lPush(key, 'x');

    await expect(store.get(key)).rejects.toBeInstanceOf(RedisServiceError);
    await client.del(key);
  });

  it('that is frozen: our promises end with the deadline, later ones at once, and all works after the thaw', async () => {
    await store.set(key, '1', null);
    server.freeze();
    const theirs = client.get(key);
    const underWay = await Promise.all(verbs(store).map(settle));
    const later = await Promise.all(verbs(store).map(settle));
    server.thaw();

    for (const { error, waitedMs } of underWay) {
      expect(error).toBeInstanceOf(RedisTimeoutError);
      expect(waitedMs).toBeLessThan(SETTLED_MS);
    }
    for (const { error, waitedMs } of later) {
      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(waitedMs).toBeLessThan(AT_ONCE_MS);
    }
    await expect(theirs).resolves.toBe('1');
    await until('it is back', async () => (await store.get(key)) === '1');
    await store.deleteMany([key, 'k', 'l', 'h']);
  });

  it('that lost its server fails at once instead of queueing, and works again when its owner has reconnected it', async () => {
    await store.connect();
    await server.kill();
    await until('the client has noticed', () => Promise.resolve(!client.isReady));

    const { error, waitedMs } = await settle(() => store.set(key, '1', null));
    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(waitedMs).toBeLessThan(AT_ONCE_MS);
    await server.start();
    await until('it is back', async () => (await store.get(key)) === null);
  });

  it('that was never connected is refused at the start, with the fix', async () => {
    const unconnected = createClient({ url: server.url });
    const second = hand(unconnected);

    await expect(second.connect()).rejects.toThrow(/client: is not connected; await its connect\(\)/);
    await expect(second.connect()).rejects.toBeInstanceOf(ImproperlyConfiguredError);
    await expect(second.get(key)).rejects.toBeInstanceOf(RedisConnectionError);
    await second.close();
  });

  it('that is subscribed to channels is refused at the start, with the fix', async () => {
    const subscribed = createClient({ url: server.url, RESP: 2 });
    await subscribed.connect();
    await subscribed.subscribe('news', () => undefined);
    const second = hand(subscribed as never);

    await expect(second.connect()).rejects.toThrow(/client: is subscribed to channels/);
    await second.close();
    subscribed.destroy();
  });

  it('that is still connecting is waited for', async () => {
    const connecting = createClient({ url: server.url });
    const second = hand(connecting);
    const connected = connecting.connect();

    await expect(second.get(key)).resolves.toBeNull();
    await connected;
    await second.close();
    connecting.destroy();
  });

  it('that never becomes ready fails within the connect timeout, and may be closed meanwhile', async () => {
    server.freeze();
    const hanging = createClient({ url: server.url });
    hanging.on('error', () => undefined);
    const never = hanging.connect().catch(() => undefined);
    const [second, third] = [hand(hanging, 200), hand(hanging, 60_000)];
    const waiting = settle(() => third.connect());
    const { error, waitedMs } = await settle(() => second.connect());
    const closing = Promise.all([second.close(), third.close()]);
    await Promise.race([closing, pause(1000)]);
    server.thaw();
    await closing;

    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(waitedMs).toBeLessThan(500);
    expect((await waiting).error).toBeInstanceOf(RedisConnectionError);
    await pause(1);
    hanging.destroy();
    await never;
  });
});
