import { CacheService } from '../../lib/cache/cache.service.js';
import { RedisServiceError } from '../../lib/errors/redis.errors.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CommandStats } from '../support/command-stats.js';
import { redisCli } from '../support/redis-cli.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedis } from '../support/stores.js';

describe('Cache, what only Redis shows', () => {
  let server: RedisServer;
  let stats: CommandStats;
  let store: KeyValueStore;
  let cache: CacheService;

  beforeAll(async () => {
    server = await RedisServer.start();
    stats = await CommandStats.of(server.url);
  });

  afterAll(async () => {
    stats.close();
    await server.stop();
  });

  beforeEach(async () => {
    await stats.client.sendCommand(['FLUSHALL']);
    store = openRedis(server.url);
    const settings = {
      place: 'cache.',
      keyPrefix: 'app',
      timeoutMs: 300_000,
      version: 1,
      keyFunction: undefined,
      keyPattern: undefined,
    };
    cache = new CacheService(store, settings, new JsonSerializer());
    await store.connect();
  });

  afterEach(() => store.close());

  const entries = (count: number, value: unknown = 1): [string, unknown][] =>
    Array.from({ length: count }, (_, i) => [`k${i}`, value]);

  const costs: [string, Record<string, number>, () => Promise<unknown>][] = [
    ['C1 get costs one GET', { get: 1 }, () => cache.get('k')],
    ['C1 set costs one SET', { set: 1 }, () => cache.set('k', 1)],
    ['C21 set with 0 costs one command', { unlink: 1 }, () => cache.set('k', 1, 0)],
    ['C5 C16 add costs one SET', { set: 1 }, () => cache.add('k', 1)],
    ['C22 add with 0 costs one EXISTS', { exists: 1 }, () => cache.add('k', 1, 0)],
    ['C13 has costs one EXISTS', { exists: 1 }, () => cache.has('k')],
    ['C12 C15 delete costs one UNLINK', { unlink: 1 }, () => cache.delete('k')],
    ['C29 touch costs one PEXPIRE', { pexpire: 1 }, () => cache.touch('k')],
    ['C34 touch with 0 costs one UNLINK', { unlink: 1 }, () => cache.touch('k', 0)],
    ['X1 ttl costs one PTTL', { pttl: 1 }, () => cache.ttl('k')],
    ['C10 getMany of nothing costs nothing', {}, () => cache.getMany([])],
    ['C11 getMany costs one MGET', { mget: 1 }, () => cache.getMany(entries(500).map(([key]) => key))],
    ['C48 setMany of nothing costs nothing', {}, () => cache.setMany({})],
    ['C52 deleteMany of nothing costs nothing', {}, () => cache.deleteMany([])],
    [
      'C53 deleteMany costs one UNLINK',
      { unlink: 1 },
      () => cache.deleteMany(entries(500).map(([key]) => key)),
    ],
    ['C46 a bad delta costs nothing', {}, () => cache.incr('k', 1.5).catch(() => undefined)],
    ['C27 a bad timeout costs nothing', {}, () => cache.set('k', 1, NaN).catch(() => undefined)],
    ['C51 a bad value costs nothing', {}, () => cache.setMany({ a: 1, b: NaN }).catch(() => undefined)],
    [
      'C55 clear without a prefix costs nothing',
      {},
      () =>
        withoutPrefix()
          .clear()
          .catch(() => undefined),
    ],
    ['C82 a miss of getOrSet costs a GET and a SET', { get: 1, set: 1 }, () => cache.getOrSet('k', () => 1)],
    ['C86 with a timeout of 0 only the GET', { get: 1 }, () => cache.getOrSet('k', () => 1, 0)],
    [
      'C83 1,000 callers of getOrSet cost one GET and one SET',
      { get: 1, set: 1 },
      () => Promise.all(entries(1000).map(() => cache.getOrSet('k', () => Promise.resolve(1)))),
    ],
  ];

  const withoutPrefix = (): CacheService =>
    new CacheService(
      store,
      {
        place: 'cache.',
        keyPrefix: '',
        timeoutMs: null,
        version: 1,
        keyFunction: undefined,
        keyPattern: undefined,
      },
      new JsonSerializer(),
    );

  it.each(costs)('%s', async (_, expected, call) => {
    expect(await stats.during(call)).toEqual(expected);
  });

  it('C82 a hit of getOrSet costs one GET', async () => {
    await cache.set('k', 1);
    expect(await stats.during(() => cache.getOrSet('k', () => 2))).toEqual({ get: 1 });
  });

  it('C42 incr is one script', async () => {
    await cache.set('k', 1);
    expect(await stats.during(() => cache.incr('k'))).toMatchObject({ evalsha: 1, incrby: 1 });
    await cache.delete('k');
    const missing = await stats.during(() => cache.incr('k').catch(() => undefined));
    expect(missing['evalsha']).toBe(1);
    expect(missing).not.toHaveProperty('incrby');
  });

  it('C50 setMany is one script for small values and one pipelined write for large ones', async () => {
    expect(await stats.during(() => cache.setMany(entries(100)))).toEqual({ evalsha: 1, set: 100 });
    const large = await stats.during(() => cache.setMany(entries(100, 'x'.repeat(4000))));
    expect(large).toEqual({ set: 100 });
  });

  it('C78 incrVersion is one script', async () => {
    await cache.set('k', 1);
    const { evalsha } = await stats.during(() => cache.incrVersion('k'));
    expect(evalsha).toBe(1);
  });

  it('C54 C55 C59 clear walks with SCAN and UNLINK, never KEYS or FLUSHDB', async () => {
    await cache.setMany(entries(2500));
    await stats.client.set('foreign', 'stays');
    const counts = await stats.during(() => cache.clear());
    expect(Object.keys(counts).sort()).toEqual(['scan', 'unlink']);
    expect(counts['scan']).toBeGreaterThan(2);
    expect(counts['unlink']).toBeGreaterThan(2);
    expect(await stats.client.keys('*')).toEqual(['foreign']);
  });

  it('C59 the next page is looked for while the page before is deleted', async () => {
    await cache.setMany(entries(2500));
    const order: string[] = [];
    const { deleteMany, scan } = store;
    store.deleteMany = (keys) => {
      order.push('delete');
      const deleting = deleteMany.call(store, keys);
      void deleting.then(() => order.push('deleted'));
      return deleting;
    };
    store.scan = async function* (glob) {
      const pages = scan.call(store, glob)[Symbol.asyncIterator]();
      for (;;) {
        order.push('scan');
        const page = await pages.next();
        if (page.done === true) return;
        yield page.value;
      }
    };
    await cache.clear();
    Object.assign(store, { deleteMany, scan });
    const text = order.join(' ');
    expect(text).toContain('delete scan deleted');
    expect(text).not.toContain('delete scan delete ');
    expect(text).not.toContain('delete scan scan');
  });

  it("C65 another writer's JSON is read", async () => {
    redisCli(server.port, 'SET', 'app:1:k', '{ "name" : "J\\u00fcrgen", "n" : [ 1, 2.0 ] }');
    expect(await cache.get('k')).toEqual({ name: 'Jürgen', n: [1, 2] });
    redisCli(server.port, 'SET', 'app:1:n', '41');
    expect(await cache.incr('n')).toBe(42);
  });

  it('C60 C62 what is written is plain JSON for everyone', async () => {
    await cache.set('k', { name: 'Jürgen', n: [1, 2.5], ok: true, none: null });
    expect(redisCli(server.port, 'GET', 'app:1:k')).toBe(
      '{"name":"Jürgen","n":[1,2.5],"ok":true,"none":null}',
    );
    await cache.set('n', 41);
    expect(redisCli(server.port, 'INCRBY', 'app:1:n', '1')).toBe('42');
    expect(await cache.get('n')).toBe(42);
    await cache.setMany({ a: 'é' });
    expect(redisCli(server.port, 'GET', 'app:1:a')).toBe('"é"');
  });

  it('C68 foreign bytes are a SerializationError naming the key', async () => {
    const pickle = Buffer.from(
      '\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.',
      'latin1',
    );
    await stats.client.sendCommand(['SET', 'app:1:pickled', pickle]);
    await expect(cache.get('pickled')).rejects.toMatchObject({ name: 'SerializationError' });
    await expect(cache.get('pickled')).rejects.toThrow(/"pickled"/);
    await cache.set('fine', 1);
    await expect(cache.getMany(['fine', 'pickled'])).rejects.toThrow(/"pickled"/);
    await expect(cache.incr('pickled')).rejects.toThrow(TypeError);
  });

  it('C69 another Redis type under the key is a RedisServiceError', async () => {
    await stats.client.lPush('app:1:list', 'x');
    await expect(cache.get('list')).rejects.toThrow(RedisServiceError);
    await expect(cache.get('list')).rejects.toMatchObject({ replyCode: 'WRONGTYPE' });
    await expect(cache.incr('list')).rejects.toThrow(RedisServiceError);
    await expect(cache.getOrSet('list', () => 1)).rejects.toThrow(RedisServiceError);
    expect(await cache.has('list')).toBe(true);
    await cache.set('list', 1);
    expect(await cache.get('list')).toBe(1);
  });

  it('C42 scripts survive SCRIPT FLUSH', async () => {
    await cache.setMany({ k: 0, a: 0 });
    await cache.incr('k');
    await stats.client.sendCommand(['SCRIPT', 'FLUSH']);
    expect(await cache.incr('k')).toBe(2);
    await stats.client.sendCommand(['SCRIPT', 'FLUSH']);
    await cache.setMany({ a: 1, b: 2 });
    expect(await cache.getMany(['a', 'b'])).toEqual(new Map([['a', 1], ['b', 2]])); // prettier-ignore
  });

  it('C18 C24 Redis itself ends an entry, to the millisecond', async () => {
    await cache.set('k', 1, 0.02);
    await cache.setMany({ a: 1 }, 0.02);
    const end = Date.now() + 5000;
    while ((await stats.client.exists(['app:1:k', 'app:1:a'])) > 0 && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await cache.getMany(['k', 'a'])).toEqual(new Map());
  });
});
