import { setTimeout as pause } from 'node:timers/promises';
import { createCluster, createSentinel } from 'redis';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinelSet } from '../support/redis-sentinel.js';

const BOUND_MS = 1000;

/** Everything that node-redis offers to bound a call. */
const BOUNDS = {
  socket: { connectTimeout: BOUND_MS, socketTimeout: BOUND_MS },
  pingInterval: BOUND_MS / 10,
  disableOfflineQueue: true,
  commandOptions: { timeout: BOUND_MS },
};

/** Whether a promise is unsettled after so long, or what it was settled with. */
const outcomeAfter = (ms: number, promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    promise.then(
      () => 'answered',
      (error: unknown) => (error as Error).message,
    ),
    pause(ms, 'unsettled'),
  ]);

/** Somebody else meets its failure. */
const attended = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => undefined);
  return promise;
};

/**
 * Why this module has clients of its own for a Cluster and for Sentinels. The day one of these fails, node-redis may do
 * what they do.
 */
describe('what the clients of node-redis for topologies leave unbounded', () => {
  const ends: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('a call to a frozen master of a Cluster, while others follow; and the master is lost for good', async () => {
    const cluster = await RedisCluster.start();
    ends.push(() => cluster.stop());
    const client = createCluster({
      rootNodes: cluster.rootNodes,
      defaults: BOUNDS,
      minimizeConnections: true,
    });
    client.on('error', () => undefined);
    ends.push(() => client.destroy());
    await client.connect();
    const [frozen] = cluster.masters;
    const key = await cluster.keyOn(frozen!, 'node-redis');
    await client.set(key, '1');
    frozen!.freeze();

    // each write puts off the socketTimeout, and what is written has no timeout of its own any more
    const first = attended(client.get(key));
    for (let call = 0; call < 30; call++) {
      await pause(BOUND_MS / 10);
      void attended(client.get(key));
    }
    expect(await outcomeAfter(0, first)).toBe('unsettled');

    // after a socketTimeout node-redis does not connect again
    expect(await outcomeAfter(20 * BOUND_MS, first)).toMatch(/Socket timeout/);
    frozen!.thaw();
    await cluster.serving();
    expect(await outcomeAfter(BOUND_MS, client.get(key))).toBe('The client is closed');
  }, 60_000);

  it('a start while the Sentinels are frozen, and a call to a frozen master', async () => {
    const set = await RedisSentinelSet.start();
    ends.push(() => set.stop());
    for (const each of set.sentinels) each.freeze();
    const client = createSentinel({
      name: set.name,
      sentinelRootNodes: set.sentinelRootNodes,
      nodeClientOptions: BOUNDS,
      sentinelClientOptions: BOUNDS,
    });
    client.on('error', () => undefined);
    ends.push(() => client.destroy());
    const connecting = attended(client.connect());
    expect(await outcomeAfter(4 * BOUND_MS, connecting)).toBe('unsettled');
    for (const each of set.sentinels) each.thaw();
    await connecting;
    await set.replicated();

    const master = await set.master();
    master.freeze();
    const call = attended(client.get('node-redis'));
    expect(await outcomeAfter(1.5 * BOUND_MS, call)).toBe('unsettled');

    master.thaw();
  }, 60_000);
});
