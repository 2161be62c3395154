import { createClient } from 'redis';
import { startSharedRedis } from './shared-redis.js';

/** Gives every suite a real Redis in TEST_REDIS_URL. */
export default async (): Promise<void> => {
  const redis = await startSharedRedis();
  process.env['TEST_REDIS_URL'] = redis.url;
  globalThis.sharedRedis = redis;
  const client = await createClient({ url: redis.url }).connect();
  globalThis.keysBefore = await client.dbSize();
  client.destroy();
};
