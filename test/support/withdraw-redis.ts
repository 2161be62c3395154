import { createClient } from 'redis';
import { stopSharedTopologies } from './shared-topologies.js';

/** Fails the run when a suite left a key behind, and ends the servers that the run started. */
export default async (): Promise<void> => {
  const leftElsewhere = await stopSharedTopologies();
  const redis = globalThis.sharedRedis;
  if (redis === undefined) return;
  const client = await createClient({ url: redis.url }).connect();
  const left = await client.keys('*');
  client.destroy();
  await redis.stop();
  if (left.length <= (globalThis.keysBefore ?? 0)) left.length = 0;
  left.push(...leftElsewhere);
  if (left.length > 0)
    throw new Error(`The tests left ${left.length} keys behind, such as ${left.slice(0, 5).join(', ')}`);
};
