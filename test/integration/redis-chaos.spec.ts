import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { RedisConnectionError, RedisServiceError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';

const DEADLINE_MS = 300;
/** Generous: the machine runs servers, proxies and 64 workers at once. */
const SETTLED_MS = DEADLINE_MS * 1.25 + 500;

/** One caller among many, who counts up under a key of its own and reads it back. */
class Worker {
  readonly key = `chaos:${randomUUID()}`;
  /** The last count whose write was acknowledged. */
  acknowledged = 0;
  /** The last count whose write was asked for. */
  asked = 0;
  readonly failures: unknown[] = [];
  /** Reads that contradict what was acknowledged. */
  readonly lies: string[] = [];
  longestMs = 0;
  done = 0;

  async run(store: KeyValueStore, goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      this.asked++;
      if (await this.#call(() => store.set(this.key, String(this.asked), null)))
        this.acknowledged = this.asked;
      await this.#call(async () => {
        const count = Number(await store.get(this.key));
        if (count < this.acknowledged || count > this.asked)
          this.lies.push(`${count} of ${this.acknowledged}`);
      });
    }
  }

  async #call(work: () => Promise<unknown>): Promise<boolean> {
    const { error, afterMs } = await settle(work);
    this.longestMs = Math.max(this.longestMs, afterMs);
    this.done++;
    if (error !== undefined) this.failures.push(error);
    return error === undefined;
  }
}

describe('chaos', () => {
  const admin = new RedisAdmin();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): number => unhandled.push(reason);
  let server: RedisServer;
  let proxy: RedisProxy;
  let store: KeyValueStore;

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
    const workers = Array.from({ length: 64 }, () => new Worker());
    let over = false;
    const running = Promise.all(workers.map((worker) => worker.run(store, () => !over)));
    for (const [name, work] of faults) {
      await work();
      await until(`the store answers after: ${name}`, () => store.ping().then(() => true), 3000);
      await pause(100);
    }
    over = true;
    await running;

    const values = await store.getMany(workers.map(({ key }) => key));
    const failures = workers.flatMap((worker) => worker.failures);
    const untyped = failures.filter(
      (error) => !(error instanceof RedisConnectionError || error instanceof RedisServiceError),
    );
    workers.forEach(({ acknowledged, asked }, i) => {
      expect(Number(values[i])).toBeGreaterThanOrEqual(acknowledged);
      expect(Number(values[i])).toBeLessThanOrEqual(asked);
    });
    expect(workers.flatMap(({ lies }) => lies)).toEqual([]);
    expect(untyped).toEqual([]);
    expect(failures.length).toBeGreaterThan(64 * 4);
    expect(Math.max(...workers.map(({ longestMs }) => longestMs))).toBeLessThan(SETTLED_MS);
    expect(workers.every(({ acknowledged }) => acknowledged > 10)).toBe(true);
    expect(unhandled).toEqual([]);
    await store.deleteMany(workers.map(({ key }) => key));
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
