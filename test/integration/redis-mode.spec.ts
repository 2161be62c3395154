import { Logger } from '@nestjs/common';
import type { RedisSource } from '../../lib/config/settings.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { settle } from '../support/settle.js';
import { sharedCluster, sharedSentinel } from '../support/shared-topologies.js';
import { openSource } from '../support/stores.js';

const redisUrl = (): string => process.env['TEST_REDIS_URL']!;
const nodeUrl = (): string => sharedCluster().rootNodes[0]!.url!;
const sentinelUrl = (): string => `redis://127.0.0.1:${sharedSentinel().sentinelRootNodes[0]!.port}`;

describe('a server of another kind than its option says', () => {
  let store: KeyValueStore;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  afterEach(() => store.close());

  it.each<[what: string, source: () => RedisSource, fix: RegExp]>([
    [
      'a node of a Cluster',
      () => ({ kind: 'url', url: nodeUrl() }),
      /as a root node of `cluster` instead of `url`/,
    ],
    [
      'a node of a Cluster, and a database',
      () => ({ kind: 'url', url: `${nodeUrl()}/1` }),
      /as a root node of `cluster` instead of `url`/,
    ],
    ['a Sentinel', () => ({ kind: 'url', url: sentinelUrl() }), /as `sentinel` instead of `url`/],
    [
      'one Redis as a Cluster',
      () => ({ kind: 'cluster', options: { rootNodes: [{ url: redisUrl() }] } }),
      /as `url` instead of `cluster`/,
    ],
  ])('CN3 is refused at the start, and the error names the right option: %s', async (_what, source, fix) => {
    store = openSource(source(), 1000, 60_000);
    const { error } = await settle(() => store.connect());

    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error).toHaveProperty('message', expect.stringMatching(fix));
  });

  it('CN3 is not used where a name leads to it later', async () => {
    const endpoint = await RedisProxy.start(redisUrl());
    store = openSource({ kind: 'url', url: endpoint.url });
    await store.connect();
    endpoint.moveTo(nodeUrl());
    endpoint.drop();
    const attempts = endpoint.accepted;
    await until('it has tried some times', () => Promise.resolve(endpoint.accepted > attempts + 3));

    expect((await settle(() => store.get('k'))).error).toBeInstanceOf(RedisConnectionError);
    endpoint.moveTo(redisUrl());
    await until('it is back', () => store.get('k').then(() => true));
    await store.close();
    await endpoint.stop();
  });
});
