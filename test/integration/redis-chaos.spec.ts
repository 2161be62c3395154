import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CountingCallers } from '../support/counting-callers.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { RedisServer } from '../support/redis-server.js';

const DEADLINE_MS = 300;
/** Generous: the machine runs servers, proxies and 64 callers at once. */
const SETTLED_MS = DEADLINE_MS * 1.25 + 500;

describe('chaos', () => {
  const admin = new RedisAdmin();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);
  let server: RedisServer;
  let proxy: RedisProxy;
  let store: KeyValueStore;
  let callers: CountingCallers | undefined;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    process.on('unhandledRejection', note);
    server = await RedisServer.start({ config: { appendonly: 'yes', appendfsync: 'no' } });
    proxy = await RedisProxy.start(server.url);
    store = openRedis(proxy.url, { operationTimeoutMs: DEADLINE_MS });
    await store.connect();
  });

  afterAll(async () => {
    process.off('unhandledRejection', note);
    await callers?.stop();
    await store.close();
    admin.close();
    await proxy.stop();
    await server.stop();
  });

  /** Something that lasts for a while. */
  const during = (ms: number, begin: () => void, end: () => void) => async (): Promise<void> => {
    begin();
    await pause(ms);
    end();
  };

  const restart = async (): Promise<void> => {
    await server.kill();
    await pause(200);
    await server.start();
  };

  const faults: readonly (readonly [name: string, work: () => unknown])[] = [
    ['kill', restart],
    ['freeze', during(600, () => server.freeze(), () => server.thaw())], // prettier-ignore
    ['black hole', during(600, () => proxy.swallow(), () => proxy.pass())], // prettier-ignore
    ['lost replies', during(400, () => proxy.swallowReplies(), () => proxy.pass())], // prettier-ignore
    ['reset', () => proxy.drop()],
    ['pause', () => admin.command(server.port, 'CLIENT', 'PAUSE', '500', 'ALL')],
    ['kill of connections', () => admin.command(server.port, 'CLIENT', 'KILL', 'TYPE', 'normal')],
    ['flush of scripts', () => admin.command(server.port, 'SCRIPT', 'FLUSH')],
  ];

  it('loses no acknowledged write, lets no call hang, and rejects with typed errors only', async () => {
    callers = new CountingCallers(store, 64);
    for (const [name, work] of faults) {
      await work();
      await until(`the store answers after: ${name}`, () => store.ping().then(() => true), 3000);
      await pause(100);
    }
    const { lies, untyped, longestMs } = await callers.end();

    expect(lies).toEqual([]);
    expect(untyped).toEqual([]);
    expect(callers.failures.length).toBeGreaterThan(64 * 4);
    expect(longestMs).toBeLessThan(SETTLED_MS);
    expect(unhandled).toEqual([]);
  }, 30_000);

  it('leaves the latency as it was', async () => {
    const rounds: number[] = [];
    for (let i = 0; i < 200; i++) {
      const start = performance.now();
      await store.ping();
      rounds.push(performance.now() - start);
    }

    expect(rounds.sort((a, b) => a - b)[100]).toBeLessThan(20);
  });
});
