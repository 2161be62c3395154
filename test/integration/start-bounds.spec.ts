import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createClient } from 'redis';
import type { RedisSource } from '../../lib/config/settings.js';
import { RedisConnectionError, RedisUnavailableError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { finishLoading, reload } from '../support/episodes.js';
import { ProxiedCluster } from '../support/proxied-topologies.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';
import { clusterServing, sharedCluster, sharedSentinel } from '../support/shared-topologies.js';
import { openSource } from '../support/stores.js';

/** So long that a test which waited for it would not end. */
const FOREVER_MS = 600_000;

describe('the bound of a start', () => {
  const opened: KeyValueStore[] = [];

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));

  const open = (source: RedisSource, connectTimeoutMs: number, operationTimeoutMs = 1000): KeyValueStore => {
    const store = openSource(source, operationTimeoutMs, connectTimeoutMs);
    opened.push(store);
    return store;
  };

  it('does not take a blocked event loop for a server that is silent, whatever the way to Redis', async () => {
    await clusterServing();
    const url = process.env['TEST_REDIS_URL']!;
    const client = await createClient({ url }).connect();
    const sources: readonly RedisSource[] = [
      { kind: 'url', url },
      { kind: 'cluster', options: sharedCluster() },
      { kind: 'sentinel', options: sharedSentinel() },
      { kind: 'client', client },
    ];
    const starting = Promise.all(sources.map((source) => settle(() => open(source, 600, 600).connect())));
    for (const turns of [0, 2, 8]) {
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      const since = performance.now();
      while (performance.now() - since < 700);
    }

    expect((await starting).map(({ error }) => error)).toEqual(sources.map(() => undefined));
    client.destroy();
  });

  describe('of a Redis Cluster whose nodes are silent', () => {
    let cluster: ProxiedCluster;

    beforeAll(async () => {
      cluster = await ProxiedCluster.start();
    });

    afterEach(() => {
      for (const proxy of cluster.proxies) proxy.pass();
    });

    afterAll(() => cluster.stop());

    /** The root nodes answer, which are the nodes by their own addresses. */
    const throughTheRoots = (): RedisSource => ({
      kind: 'cluster',
      options: { ...(cluster.source as { options: object }).options, rootNodes: cluster.servers.rootNodes },
    });

    it('is connectTimeoutMs, however long a command may take', async () => {
      for (const proxy of cluster.proxies) proxy.swallow();
      const { error, afterMs } = await settle(() => open(throughTheRoots(), 600, FOREVER_MS).connect());

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error).toHaveProperty('message', expect.stringContaining('no answer within'));
      expect(afterMs).toBeGreaterThan(500);
    });

    it('leaves time for the others where one is silent', async () => {
      cluster.proxies[0]!.swallow();
      const store = open(throughTheRoots(), 2000, FOREVER_MS);

      await expect(store.connect()).resolves.toBeUndefined();
      const key = await cluster.keyOn(cluster.masters[1]!, 'start');
      await expect(store.get(key)).resolves.toBeNull();
    });

    it('is long enough for a lone root node that is loading, if it ends in time', async () => {
      const [root] = cluster.servers.rootNodes;
      const master = cluster.masters[0]!;
      const loading = await startLoading(cluster.servers, master);
      const { options } = cluster.source as Extract<RedisSource, { kind: 'cluster' }>;
      const store = open({ kind: 'cluster', options: { ...options, rootNodes: [root!] } }, FOREVER_MS);
      const starting = store.connect();
      await loading.finish();

      await expect(starting).resolves.toBeUndefined();
      const key = await cluster.keyOn(master, 'start');
      await expect(store.get(key)).resolves.toBeNull();
      await cluster.command(master, 'FLUSHALL');
    });
  });

  describe('of a Redis Cluster of one node that is loading', () => {
    let cluster: RedisCluster;
    let loading: { finish(): Promise<void> };

    beforeAll(async () => {
      cluster = await RedisCluster.start({ masters: 1, config: { 'enable-debug-command': 'yes' } });
    });

    afterAll(() => cluster.stop());

    beforeEach(async () => {
      loading = await startLoading(cluster, cluster.masters[0]!);
    });

    const source = (): RedisSource => ({ kind: 'cluster', options: { rootNodes: cluster.rootNodes } });

    it('CN2 is connectTimeoutMs, and the error says what it answers and where', async () => {
      const { error, afterMs } = await settle(() => open(source(), 700).connect());
      await loading.finish();

      expect(error).toBeInstanceOf(RedisUnavailableError);
      expect(error).toHaveProperty('replyCode', 'LOADING');
      const { port } = cluster.masters[0]!;
      expect(error).toHaveProperty('message', expect.stringMatching(`^Redis at 127.0.0.1:${port} .*LOADING`));
      expect(afterMs).toBeGreaterThan(650);
    });

    it('CN2 is waited for, and served as soon as it has loaded', async () => {
      const store = open(source(), FOREVER_MS);
      const starting = store.connect();
      const early = await Promise.race([starting.then(() => 'connected'), pause(300, 'waiting')]);
      await loading.finish();

      expect(early).toBe('waiting');
      await expect(starting).resolves.toBeUndefined();
      await expect(store.get('start')).resolves.toBeNull();
    });
  });
});

/** Has a node load its data until it is told to finish. */
const startLoading = async (
  cluster: RedisCluster,
  node: RedisServer,
): Promise<{ finish(): Promise<void> }> => {
  const aside = new RedisAdmin();
  const { end } = await reload((...args) => cluster.command(node, ...args), 30_000);
  await until('it is loading', async () =>
    aside.command(node.port, 'GET', 'start').then(
      () => false,
      (error: unknown) => String(error).includes('LOADING'),
    ),
  );
  const finish = async (): Promise<void> => {
    await finishLoading((...args) => aside.command(node.port, ...args));
    await end;
    aside.close();
  };
  return { finish };
};
