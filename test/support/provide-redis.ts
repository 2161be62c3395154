import { createClient } from 'redis';
import { startSharedRedis } from './shared-redis.js';
import { startSharedTopologies } from './shared-topologies.js';

/** Gives every suite a real Redis in TEST_REDIS_URL, a cluster and a Sentinel set. */
export default async (): Promise<void> => {
  const [redis] = await Promise.all([startSharedRedis(), startSharedTopologies()]);
  process.env['TEST_REDIS_URL'] = redis.url;
  globalThis.sharedRedis = redis;
  const client = await createClient({ url: redis.url }).connect();
  globalThis.keysBefore = await client.dbSize();
  client.destroy();
};
