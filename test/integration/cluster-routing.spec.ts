import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import type { RedisClusterOptions } from 'redis';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError, RedisServiceError, RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import { companionKey } from '../../lib/store/companion-key.js';
import type { KeptKeys } from '../../lib/store/kept-entry.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { hashSlot } from '../../lib/store/hash-slot.js';
import { Load } from '../support/load.js';
import { until } from '../support/redis-admin.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisProxy } from '../support/redis-proxy.js';
import type { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';

describe('a Redis Cluster', () => {
  let cluster: RedisCluster;
  let store: KeyValueStore;
  let prefix: string;

  const opened: KeyValueStore[] = [];

  const open = (options: Partial<RedisClusterOptions> = {}): KeyValueStore => {
    const made = openRedisStore({
      source: { kind: 'cluster', options: { rootNodes: cluster.rootNodes, ...options } },
      clientOptions: {},
      operationTimeoutMs: 1000,
      connectTimeoutMs: 2000,
    });
    opened.push(made);
    return made;
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    cluster = await RedisCluster.start();
    store = open();
    await store.connect();
  });

  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    await cluster.stop();
  });

  beforeEach(() => {
    prefix = `test-${randomUUID()}`;
  });

  const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}:${n}`);

  it('computes the slots that Redis computes', async () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{', '}', '{}', 'ü', '😀'));
    const key = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(key, async (text) => {
        expect(hashSlot(text)).toBe(await cluster.slotOf(text));
      }),
      { numRuns: 500 },
    );
  });

  describe('commands on many keys', () => {
    /** Reads from sockets, by node; a batch that arrives in one go is one. */
    const socketReads = (): Promise<number[]> =>
      Promise.all(
        cluster.masters.map(async (master) => {
          const info = await cluster.command<string>(master, 'INFO', 'stats');
          return Number(/total_reads_processed:(\d+)/.exec(info)?.[1]);
        }),
      );

    it.each([
      ['C11 getMany', () => store.getMany(keys(100))],
      ['C50 setMany', () => store.setMany(keys(100).map((key) => [key, 'v'] as const), null)], // prettier-ignore
      ['C53 deleteMany', () => store.deleteMany(keys(100))],
    ])('%s sends one batch to each node', async (_name, call) => {
      const before = await socketReads();
      await call();
      const after = await socketReads();
      // The second INFO is a read, too; the bus between the nodes has a few of its own.
      const batches = after.map((count, index) => count - before[index]! - 1);
      for (const count of batches) {
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThan(10);
      }
      await store.deleteMany(keys(100));
    });

    it('keep the order of the keys, count what was deleted, and reach every node', async () => {
      const all = keys(300);
      await store.setMany(
        all.map((key) => [key, `value of ${key}`]),
        60_000,
      );
      const counts = await Promise.all(
        cluster.masters.map((master) => cluster.command<number>(master, 'DBSIZE')),
      );
      for (const count of counts) expect(count).toBeGreaterThan(50);
      const asked = [...all.slice(0, 150), `${prefix}:none`, ...all.slice(150)];
      const values = await store.getMany(asked);
      expect(values).toEqual(asked.map((key) => (key.endsWith('none') ? null : `value of ${key}`)));
      const found: string[] = [];
      for await (const page of store.scan(`${prefix}:*`)) found.push(...page);
      expect(found.sort()).toEqual([...all].sort());
      expect(await store.deleteMany([...all, `${prefix}:none`])).toBe(300);
    });
  });

  it('runs its scripts on every node, also after the nodes have forgotten them', async () => {
    for (const master of cluster.masters) {
      const key = await cluster.keyOn(master, prefix);
      await store.set(key, '41', null);
      await store.incrementIfPresent(key, 1);
      await cluster.command(master, 'SCRIPT', 'FLUSH');
      expect(await store.incrementIfPresent(key, 1)).toEqual({ outcome: 'done', value: '43' });
      expect(await store.compareAndDelete(key, '43')).toEqual({ outcome: 'done' });
    }
  });

  it('moves an entry from slot to slot with its expiry', async () => {
    const from = await cluster.keyOn(cluster.masters[0]!, `${prefix}:from`);
    const to = await cluster.keyOn(cluster.masters[1]!, `${prefix}:to`);
    await store.set(from, 'v', 60_000);
    expect(await store.rename(from, to)).toBe(true);
    expect(await store.getMany([from, to])).toEqual([null, 'v']);
    expect(await store.remaining(to)).toBeGreaterThan(50_000);
    expect(await store.rename(from, to)).toBe(false);
    await store.delete(to);
  });

  describe('while a slot moves', () => {
    let slot: number;
    let from: RedisServer;
    let to: RedisServer;
    const key = (name: string | number): string => `{${prefix}}:${name}`;

    beforeEach(async () => {
      slot = await cluster.slotOf(key('any'));
      from = await cluster.ownerOf(slot);
      to = cluster.masters.find((master) => master !== from)!;
    });

    afterEach(async () => {
      if ((await cluster.ownerOf(slot, from)) === from) await cluster.migrate(slot, from, to);
      await store.deleteMany(Array.from({ length: 200 }, (_, n) => key(n)));
    });

    it('follows ASK: to keys that have moved, and to new ones', async () => {
      await store.set(key(1), 'old', null);
      await cluster.beginMigration(slot, from, to);
      await cluster.moveKeys(slot, from, to);
      expect(await store.get(key(1))).toBe('old');
      await store.set(key(2), '1', null);
      expect(await store.incrementIfPresent(key(2), 1)).toEqual({ outcome: 'done', value: '2' });
      expect(await store.getMany([key(1), key(2)])).toEqual(['old', '2']);
    });

    describe('scripts go on where all of their keys still are:', () => {
      const kept = (): KeptKeys => ({ entry: key(1), grace: companionKey(prefix, 'grace', key(1)) });
      const write = { value: '1', ttl: 60_000, grace: 60_000, over: { kind: 'anything' } } as const;
      const member = (name: string) => ({ handle: name, key: name, ttl: 60_000, pendingMs: 60_000 });
      const rule = { windowMs: 60_000, limit: 1, blockMs: 1 };

      const isLate = (): Promise<unknown> => pause(5);
      const enrol = (name: string): Promise<unknown> => store.enrol(key(1), member(name));
      const members = async (): Promise<string[]> =>
        (await store.members(key(1))).map(({ handle }) => handle);

      it.each<[string, () => Promise<unknown>, () => Promise<unknown>, unknown]>([
        [
          'a kept entry is written',
          () => store.writeKept(kept(), write),
          async () => [await store.writeKept(kept(), { ...write, value: '2' }), await store.get(key(1))],
          [{ outcome: 'stored' }, '2'],
        ],
        [
          'one is counted',
          () => store.writeKept(kept(), write),
          () => store.incrementKept(kept(), 1, 60_000),
          { outcome: 'done', value: '2' },
        ],
        [
          'the only member has expired',
          async () => [await enrol('a'), await store.confirm(key(1), 'a', 1, []), await isLate()],
          async () => [await enrol('b'), await members()],
          [{ outcome: 'enrolled', members: [] }, ['b']],
        ],
        [
          'one that has expired comes again',
          async () => [await enrol('a'), await store.confirm(key(1), 'a', 1, []), await isLate()],
          async () => [await enrol('a'), await members()],
          [{ outcome: 'enrolled', members: [] }, ['a']],
        ],
        [
          'the last member is forgotten, and one that is unknown',
          () => enrol('a'),
          () => store.forgetMembers(key(1), ['a', 'unknown']),
          undefined,
        ],
        [
          'the last ended members are forgotten beside an unknown one',
          async () => [await enrol('a'), await store.endMembers(key(1), { only: ['a'] })],
          () => store.confirm(key(1), 'unknown', 60_000, ['a', 'b']),
          false,
        ],
        [
          'a hit that was refused is followed by another',
          () => store.hit(key(1), { ...rule, limit: 0, blockMs: 0 }),
          async () => (await store.hit(key(1), rule)).hits,
          1,
        ],
        [
          'a hit follows its block',
          async () => [await store.hit(key(1), rule), await store.hit(key(1), rule), await isLate()],
          async () => (await store.hit(key(1), rule)).hits,
          1,
        ],
      ])('%s', async (_what, before, call, result) => {
        await before();
        await cluster.beginMigration(slot, from, to);
        expect(await call()).toEqual(result);
        await cluster.migrate(slot, from, to);
        await store.deleteMany([kept().entry, kept().grace]);
      });
    });

    it('follows MOVED, and remembers', async () => {
      await store.set(key(1), 'v', null);
      await cluster.migrate(slot, from, to);
      expect(await store.get(key(1))).toBe('v');
      const before = await errorsOf(from, 'MOVED');
      expect(await store.get(key(1))).toBe('v');
      expect(await errorsOf(from, 'MOVED')).toBe(before);
    });

    it('waits with a command on several keys until the last of them has moved', async () => {
      await store.setMany([[key(1), 'a'], [key(2), 'b']], null); // prettier-ignore
      await cluster.beginMigration(slot, from, to);
      await cluster.command(from, 'MIGRATE', '127.0.0.1', String(to.port), key(1), '0', '1000');
      const reading = store.getMany([key(1), key(2)]);
      await pause(100);
      await cluster.moveKeys(slot, from, to);
      expect(await reading).toEqual(['a', 'b']);
    });

    it('refuses such a command when the last key does not move before the deadline', async () => {
      await store.setMany([[key(1), 'a'], [key(2), 'b']], null); // prettier-ignore
      await cluster.beginMigration(slot, from, to);
      await cluster.command(from, 'MIGRATE', '127.0.0.1', String(to.port), key(1), '0', '1000');
      const { error, afterMs } = await settle(() => store.getMany([key(1), key(2)]));
      // The deadline may pass between two tries, or while one is in progress.
      if (error instanceof RedisServiceError) expect(error.replyCode).toBe('TRYAGAIN');
      else expect(error).toBeInstanceOf(RedisTimeoutError);
      expect(afterMs).toBeLessThan(1500);
    });

    it('loses no write and executes none twice, while workers write and the slot goes round and round', async () => {
      const counters = Array.from({ length: 20 }, (_, n) => key(n));
      await store.setMany(
        counters.map((counter) => [counter, '0']),
        null,
      );
      const acknowledged = counters.map(() => 0);
      const load = new Load(32, async (worker, round) => {
        const index = (worker + round) % counters.length;
        const { outcome } = await store.incrementIfPresent(counters[index]!, 1);
        if (outcome === 'done') acknowledged[index]!++;
        expect(await store.get(counters[index]!)).not.toBeNull();
        await store.set(key(100 + (round % 50)), String(round), null);
      });
      try {
        for (let round = 0; round < 12; round++) {
          await cluster.migrate(slot, from, to);
          await pause(20);
          from = to;
          to = cluster.masters[(cluster.masters.indexOf(to) + 1) % 3]!;
        }
      } finally {
        await load.stop();
      }
      expect(await store.getMany(counters)).toEqual(acknowledged.map(String));
      expect(Math.min(...acknowledged)).toBeGreaterThan(0);
    });

    const errorsOf = async (server: RedisServer, code: string): Promise<number> => {
      const info = await cluster.command<string>(server, 'INFO', 'errorstats');
      return Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(info)?.[1] ?? 0);
    };
  });

  describe('options of createCluster()', () => {
    /** The connections of a client with this name, by node. */
    const connections = (name: string): Promise<number[]> =>
      Promise.all(
        cluster.masters.map(async (master) => {
          const list = await cluster.command<string>(master, 'CLIENT', 'LIST');
          return list.split('\n').filter((line) => line.includes(`name=${name} `)).length;
        }),
      );

    it.each(['object', 'function'] as const)('nodeAddressMap as %s leads every connection', async (form) => {
      const proxies = await Promise.all(cluster.masters.map(({ url }) => RedisProxy.start(url)));
      const map = Object.fromEntries(
        cluster.masters.map(({ port }, n) => [
          `127.0.0.1:${port}`,
          { host: '127.0.0.1', port: proxies[n]!.port },
        ]),
      );
      const mapped = open({
        rootNodes: proxies.map(({ url }) => ({ url })),
        nodeAddressMap: form === 'object' ? map : (address) => map[address],
      });
      await mapped.setMany(keys(50).map((key) => [key, 'v'] as const), null); // prettier-ignore
      for (const proxy of proxies) expect(proxy.open).toBe(1);
      expect(await mapped.deleteMany(keys(50))).toBe(50);
      await mapped.close();
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    });

    it('minimizeConnections connects to a node when it is needed', async () => {
      const minimal = open({ minimizeConnections: true, defaults: { name: prefix } });
      await minimal.connect();
      expect((await connections(prefix)).reduce((sum, count) => sum + count)).toBe(1);
      await minimal.getMany(keys(50));
      expect(await connections(prefix)).toEqual([1, 1, 1]);
      await minimal.close();
    });

    it('closes every connection, once, and refuses calls afterwards', async () => {
      const other = open({ defaults: { name: prefix } });
      await other.connect();
      expect(await connections(prefix)).toEqual([1, 1, 1]);
      const last = other.set(`${prefix}:last`, 'v', 1000);
      await Promise.all([other.close(), other.close()]);
      await last;
      await until('the connections are gone', async () =>
        (await connections(prefix)).every((count) => count === 0),
      );
      await expect(other.get(`${prefix}:last`)).rejects.toBeInstanceOf(RedisConnectionError);
      await expect(other.connect()).rejects.toBeInstanceOf(RedisConnectionError);
      expect(await store.delete(`${prefix}:last`)).toBe(true);
    });

    it('starts although some root nodes are not there', async () => {
      const partly = open({ rootNodes: [{ url: 'redis://127.0.0.1:1' }, ...cluster.rootNodes.slice(0, 1)] });
      await partly.connect();
      await partly.close();
    });
  });

  describe('a start that cannot succeed', () => {
    it.each([
      ['no root node is there', () => ({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }), RedisConnectionError, /127\.0\.0\.1:1 is not reachable \(ECONNREFUSED\)/], // prettier-ignore
      ['the server is no cluster', () => ({ rootNodes: [{ url: process.env['TEST_REDIS_URL']! }] }), ImproperlyConfiguredError, /is not a node of a cluster/], // prettier-ignore
    ])('says so when %s', async (_what, options, type, message) => {
      const failing = open(options());
      const { error } = await settle(() => failing.connect());
      expect(error).toBeInstanceOf(type);
      expect(error).toHaveProperty('message', expect.stringMatching(message));
      await expect(failing.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
      await failing.close();
    });

    it.each([
      ['no root node is named', { rootNodes: [] }, /cluster\.rootNodes/],
      ['a url cannot be read', { rootNodes: [{ url: 'http://u:s3cret@h' }] }, /cluster\.rootNodes\.0/],
    ])('says so at once when %s', (_what, options, message) => {
      expect(() => open(options)).toThrow(ImproperlyConfiguredError);
      expect(() => open(options)).toThrow(message);
      expect(() => open(options)).not.toThrow(/s3cret/);
    });
  });
});
