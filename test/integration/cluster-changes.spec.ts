import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { until } from '../support/redis-admin.js';
import { RedisCluster, type RedisClusterOptions } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';

describe('a Redis Cluster whose nodes change', () => {
  let cluster: RedisCluster;
  let store: KeyValueStore;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  afterEach(async () => {
    await store.close();
    await cluster.stop();
  });

  const begin = async (options: RedisClusterOptions): Promise<void> => {
    cluster = await RedisCluster.start(options);
    store = openRedisStore({
      source: { kind: 'cluster', options: { rootNodes: cluster.rootNodes } },
      clientOptions: {},
      operationTimeoutMs: 1000,
      connectTimeoutMs: 2000,
    });
  };

  const isWritable = (key: string): Promise<boolean> =>
    store.set(key, 'v', 60_000).then(
      () => true,
      () => false,
    );

  it('does not believe a node that was taken out of it', async () => {
    await begin({ masters: 3, config: { 'cluster-allow-replica-migration': 'no' } });
    const [gone, heir, other] = cluster.masters as [RedisServer, RedisServer, RedisServer];
    await store.connect();
    const key = await cluster.keyOn(gone, randomUUID());
    expect(await isWritable(key)).toBe(true);

    await store.delete(key);
    const [goneId, heirId] = await Promise.all([
      cluster.command<string>(gone, 'CLUSTER', 'MYID'),
      cluster.command<string>(heir, 'CLUSTER', 'MYID'),
    ]);
    const ranges = await cluster.command<[number, number, [string, number]][]>(gone, 'CLUSTER', 'SLOTS');
    const slots = Array.from({ length: 16_384 }, (_, slot) => slot).filter((slot) =>
      ranges.some(([from, to, [, port]]) => from <= slot && slot <= to && port === gone.port),
    );
    for (const node of [heir, gone, other])
      await Promise.all(
        slots.map((slot) => cluster.command(node, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', heirId)),
      );
    for (const node of [heir, other]) await cluster.command(node, 'CLUSTER', 'FORGET', goneId);
    await cluster.command(gone, 'CLUSTER', 'RESET', 'SOFT');

    await until('the heir is written to', () => isWritable(key));
  }, 30_000);

  it('finds the heir of a master that was dead when it began', async () => {
    await begin({ masters: 3, replicas: 1, nodeTimeoutMs: 2000 });
    const [shard] = await cluster.shards();
    const key = await cluster.keyOn(shard!.master, randomUUID());
    await shard!.master.kill();
    await store.connect();
    expect(await isWritable(key)).toBe(false);
    await cluster.promoted(shard!.replica!);

    await until('the heir is written to', () => isWritable(key));
  }, 30_000);
});
