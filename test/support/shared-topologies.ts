import type { RedisClusterOptions, RedisSentinelOptions } from 'redis';
import { RedisAdmin, until } from './redis-admin.js';
import { RedisCluster } from './redis-cluster.js';
import { RedisSentinelSet } from './redis-sentinel.js';

declare global {
  var sharedCluster: RedisCluster | undefined;
  var sharedSentinels: RedisSentinelSet | undefined;
}

/** Starts a cluster and a Sentinel set for the whole run. The cluster gets ready while the first suites run. */
export const startSharedTopologies = async (): Promise<void> => {
  const [cluster, sentinels] = await Promise.all([
    RedisCluster.start({ serving: false }),
    RedisSentinelSet.start(),
  ]);
  globalThis.sharedCluster = cluster;
  globalThis.sharedSentinels = sentinels;
  process.env['TEST_REDIS_CLUSTER'] = JSON.stringify({ rootNodes: cluster.rootNodes });
  process.env['TEST_REDIS_SENTINEL'] = JSON.stringify({
    name: sentinels.name,
    sentinelRootNodes: sentinels.sentinelRootNodes,
  });
};

/** Ends both; gives the keys the suites have left on them. */
export const stopSharedTopologies = async (): Promise<string[]> => {
  const { sharedCluster: cluster, sharedSentinels: sentinels } = globalThis;
  if (cluster === undefined || sentinels === undefined) return [];
  const left = await Promise.all([
    ...cluster.masters.map((master) => cluster.command<string[]>(master, 'KEYS', '*')),
    sentinels.command<string[]>(await sentinels.master(), 'KEYS', '*'),
  ]);
  await Promise.all([cluster.stop(), sentinels.stop()]);
  return left.flat();
};

/** How to reach the cluster of the whole run. */
export const sharedCluster = (): RedisClusterOptions =>
  JSON.parse(given('TEST_REDIS_CLUSTER')) as RedisClusterOptions;

/** Waits until the cluster of the whole run takes commands for every slot. */
export const clusterServing = async (): Promise<void> => {
  const admin = new RedisAdmin();
  const ports = sharedCluster().rootNodes.map(({ url = '' }) => Number(new URL(url).port));
  await until('the cluster of the test run serves', async () => {
    const states = await Promise.all(ports.map((port) => admin.command<string>(port, 'CLUSTER', 'INFO')));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
  admin.close();
};

/** How to reach the Sentinels of the whole run. */
export const sharedSentinel = (): RedisSentinelOptions =>
  JSON.parse(given('TEST_REDIS_SENTINEL')) as RedisSentinelOptions;

const given = (variable: string): string => {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`The global set-up of the tests gives ${variable}`);
  return value;
};
