import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { createClient } from 'redis';
import { ignore } from '../../lib/common/ignore.js';
import { RedisServiceError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { openSource } from '../support/stores.js';

interface Opened {
  readonly opened: KeyValueStore;
  readonly end: () => void;
}

describe('the scripts on Redis', () => {
  let server: RedisServer;
  let store: KeyValueStore;
  let other: KeyValueStore;
  let key: string;
  const admin = new RedisAdmin();
  const redis = <Reply>(...args: string[]): Promise<Reply> => admin.command<Reply>(server.port, ...args);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start();
  });

  beforeEach(() => {
    key = randomUUID();
    store = openRedis(server.url);
    other = openRedis(server.url);
  });

  afterEach(async () => {
    await Promise.all([store.close(), other.close()]);
  });

  afterAll(async () => {
    admin.close();
    await server.stop();
  });

  /** How often each command was called since the last reset. */
  const calls = async (): Promise<Record<string, number>> => {
    const stats = await redis<string>('INFO', 'commandstats');
    const counts: Record<string, number> = {};
    for (const [, name, count] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm))
      counts[String(name)] = Number(count);
    return counts;
  };

  const scripts = async (): Promise<number> => {
    const { eval: first = 0, evalsha = 0 } = await calls();
    return first + evalsha;
  };

  it('are taught again to a server that has forgotten them, to each of many callers', async () => {
    await store.set(key, '-1', null);
    await store.compareAndDelete(key, 'x');
    await store.incrementIfPresent(key, 1);
    await redis('SCRIPT', 'FLUSH');

    const results = await Promise.all([
      ...Array.from({ length: 50 }, () => store.compareAndDelete(`${key}:none`, 'x')),
      ...Array.from({ length: 50 }, () => store.incrementIfPresent(key, 1)),
    ]);

    expect(results.slice(0, 50)).toEqual(Array(50).fill({ outcome: 'missing' }));
    await expect(store.get(key)).resolves.toBe('50');
    await redis('CONFIG', 'RESETSTAT');
    await store.compareAndDelete(key, '51');
    const { eval: taught, evalsha } = await calls();
    expect({ taught, evalsha }).toEqual({ taught: undefined, evalsha: 1 });
  });

  it('let exactly one of many compareAndSet calls win', async () => {
    for (let round = 0; round < 20; round++) {
      await store.set(key, 'old', null);
      const racers = Array.from({ length: 20 }, (_, i) => {
        const racer = i % 2 === 0 ? store : other;
        return racer.compareAndSet(key, 'old', `new ${i}`, null);
      });
      const outcomes = await Promise.all(racers);
      const winner = outcomes.findIndex(({ outcome }) => outcome === 'done');
      const losers = outcomes.filter((_, i) => i !== winner);

      expect(losers).toEqual(Array(19).fill({ outcome: 'changed', current: `new ${winner}` }));
    }
  });

  it('leave nothing when a delete meets a compareAndSet', async () => {
    for (let round = 0; round < 50; round++) {
      await store.set(key, 'old', null);
      const [set, deleted] = await Promise.all([
        store.compareAndSet(key, 'old', 'new', null),
        other.delete(key),
      ]);

      expect(deleted).toBe(true);
      expect(['done', 'missing']).toContain(set.outcome);
      await expect(store.has(key)).resolves.toBe(false);
    }
  });

  it('count to the exact sum over many callers of two processes', async () => {
    await store.set(key, '0', 60_000);
    const added = Array.from({ length: 400 }, (_, i) =>
      (i % 2 === 0 ? store : other).incrementIfPresent(key, i % 3 === 0 ? -1 : 2),
    );
    const outcomes = await Promise.all(added);
    const sum = 400 * 2 - Math.ceil(400 / 3) * 3;

    expect(outcomes.every(({ outcome }) => outcome === 'done')).toBe(true);
    await expect(store.get(key)).resolves.toBe(String(sum));
    expect(await store.remaining(key)).toBeGreaterThan(50_000);
  });

  it('C42 never create an entry that expires while increments are in progress', async () => {
    for (let round = 0; round < 20; round++) {
      await store.set(key, '0', 3);
      for (let i = 0; i < 20; i++)
        await Promise.all([store.incrementIfPresent(key, 1), other.incrementIfPresent(key, 1)]);
      await redis('PEXPIRE', key, '1');
      while ((await store.incrementIfPresent(key, 1)).outcome !== 'missing');

      await expect(redis('EXISTS', key)).resolves.toBe(0);
    }
  });

  it('send the increments of one go as one script, and tell each its own outcome', async () => {
    await store.setMany([[`${key}:a`, '1'], [`${key}:b`, 'text'], [`${key}:c`, '9007199254740991']], null); // prettier-ignore
    await redis('LPUSH', `${key}:list`, 'x');
    await redis('CONFIG', 'RESETSTAT');
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c', 'none', 'list', 'a'].map((name) => store.incrementIfPresent(`${key}:${name}`, 1)),
    );

    expect(
      outcomes.map((outcome) => ('value' in outcome ? outcome.value : (outcome.reason as unknown))),
    ).toEqual([
      { outcome: 'done', value: '2' },
      { outcome: 'not-an-integer' },
      { outcome: 'out-of-range' },
      { outcome: 'missing' },
      expect.objectContaining({ replyCode: 'WRONGTYPE' }),
      { outcome: 'done', value: '3' },
    ]);
    await expect(scripts()).resolves.toBe(1);
  });

  const borrowed = async (): Promise<Opened> => {
    const client = createClient({ url: server.url });
    client.on('error', ignore);
    await client.connect();
    const opened = openSource({ kind: 'client', client });
    return { opened, end: () => client.destroy() };
  };

  it.each<[what: string, open: () => Promise<Opened>]>([
    ['a connection of its own', () => Promise.resolve({ opened: openRedis(server.url), end: ignore })],
    ['a client handed in', borrowed],
  ])('C87c keep the order of calls that were not awaited from their first use of %s on', async (_, open) => {
    await redis('SCRIPT', 'FLUSH');
    const { opened, end } = await open();
    for (const [taught, digests] of [
      [2, 1],
      [0, 3],
    ]) {
      await redis('CONFIG', 'RESETSTAT');
      const [, first, between, second, last] = await Promise.all([
        opened.set(key, '1', null),
        opened.incrementIfPresent(key, 1),
        opened.get(key),
        opened.incrementIfPresent(key, 1),
        opened.compareAndDelete(key, '3'),
      ]);

      expect([first, between, second, last]).toEqual([
        { outcome: 'done', value: '2' },
        '2',
        { outcome: 'done', value: '3' },
        { outcome: 'done' },
      ]);
      expect(await calls()).toMatchObject({ ...(taught && { eval: taught }), evalsha: digests });
      await expect(redis('INFO', 'errorstats')).resolves.not.toContain('NOSCRIPT');
    }
    await opened.close();
    end();
  });

  it('more than one script can hold is counted as well', async () => {
    await store.set(key, '0', null);
    await Promise.all(Array.from({ length: 1001 }, () => store.incrementIfPresent(key, 1)));

    await expect(store.get(key)).resolves.toBe('1001');
  });

  it('store more entries than one script takes, in one go', async () => {
    const entries = Array.from({ length: 1201 }, (_, i) => [`${key}:${i}`, String(i)] as const);
    await redis('CONFIG', 'RESETSTAT');
    await store.setMany(entries, 60_000);

    await expect(scripts()).resolves.toBe(3);
    await expect(store.getMany(entries.map(([name]) => name))).resolves.toEqual(
      entries.map(([, value]) => value),
    );
    expect(await store.remaining(`${key}:1200`)).toBeGreaterThan(50_000);
  });

  it.each([
    ['9007199254740990', 1, { outcome: 'done', value: '9007199254740991' }],
    ['9007199254740991', 1, { outcome: 'out-of-range' }],
    ['9007199254740993', -10, { outcome: 'out-of-range' }],
    ['-9007199254740991', -1, { outcome: 'out-of-range' }],
    ['9223372036854775807', 1, { outcome: 'out-of-range' }],
    ['99999999999999999999', 1, { outcome: 'out-of-range' }],
    ['-9007199254740991', 9007199254740991, { outcome: 'done', value: '0' }],
    ['0', 1e21, { outcome: 'out-of-range' }],
    ['1.0', 1, { outcome: 'not-an-integer' }],
    ['007', 1, { outcome: 'not-an-integer' }],
    [' 7', 1, { outcome: 'not-an-integer' }],
    ['"7"', 1, { outcome: 'not-an-integer' }],
    ['', 1, { outcome: 'not-an-integer' }],
  ])('of %j and %d make %j', async (before, delta, expected) => {
    await store.set(key, before, 60_000);

    await expect(store.incrementIfPresent(key, delta)).resolves.toEqual(expected);
    if (expected.outcome !== 'done') await expect(store.get(key)).resolves.toBe(before);
    expect(await store.remaining(key)).toBeGreaterThan(50_000);
  });

  it('pass on what Redis refuses', async () => {
    await store.set(key, '1', null);
    await redis('CONFIG', 'SET', 'maxmemory', '1');
    const refused = await Promise.allSettled([
      store.set(key, '2', null),
      store.incrementIfPresent(key, 1),
      store.compareAndSet(key, '1', '2', null),
      store.setMany([[key, '2'], [`${key}:b`, '2']], null), // prettier-ignore
    ]);
    await redis('CONFIG', 'SET', 'maxmemory', '0');

    for (const outcome of refused) {
      const reason: unknown = (outcome as PromiseRejectedResult).reason;
      expect(reason).toBeInstanceOf(RedisServiceError);
      expect(reason).toMatchObject({ replyCode: 'OOM', status: 503 });
    }
    await expect(store.get(key)).resolves.toBe('1');
  });
});
