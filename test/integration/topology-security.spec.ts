import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { RedisClusterOptions, RedisSentinelOptions } from 'redis';
import type { RedisSource } from '../../lib/config/settings.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinelSet } from '../support/redis-sentinel.js';
import { settle } from '../support/settle.js';
import { makeCertificate, type TestCertificate } from '../support/tls.js';

const open = (source: RedisSource): KeyValueStore =>
  openRedisStore({ source, clientOptions: {}, operationTimeoutMs: 1000, connectTimeoutMs: 3000 });

/** Opens a store, uses it, and closes it. */
const roundTrip = async (source: RedisSource): Promise<void> => {
  const store = open(source);
  const keys = Array.from({ length: 20 }, (_, n) => `test-${randomUUID()}:${n}`);
  await store.connect();
  await store.setMany(keys.map((key) => [key, '1'] as const), 60_000); // prettier-ignore
  for (const key of keys) await store.incrementIfPresent(key, 1);
  expect(await store.getMany(keys)).toEqual(keys.map(() => '2'));
  expect(await store.deleteMany(keys)).toBe(20);
  await store.close();
};

const startError = async (source: RedisSource): Promise<Error> => {
  const store = open(source);
  const { error } = await settle(() => store.connect());
  await store.close();
  return error as Error;
};

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('a Redis Cluster with TLS and ACL users', () => {
  const user = { username: 'app', password: 's3cret, of app' };
  let certificate: TestCertificate;
  let cluster: RedisCluster;

  beforeAll(async () => {
    certificate = makeCertificate();
    const socket = { tls: true as const, ca: certificate.ca };
    cluster = await RedisCluster.start({
      config: { requirepass: 'of the test', 'tls-cluster': 'yes' },
      configOf: (port) => certificate.redisConfig(port),
      admin: { password: 'of the test', socket },
    });
    for (const master of cluster.masters)
      await cluster.command(
        master,
        'ACL',
        'SETUSER',
        user.username,
        'on',
        `>${user.password}`,
        '~*',
        '+@all',
      );
  });

  afterAll(async () => {
    await cluster.stop();
    certificate.remove();
  });

  const source = (defaults: RedisClusterOptions['defaults'], root = {}): RedisSource => ({
    kind: 'cluster',
    options: {
      rootNodes: cluster.masters.map(({ port }) => ({ url: `rediss://127.0.0.1:${port}`, ...root })),
      ...(defaults && { defaults }),
    },
  });

  it('is reached with the certificate authority and the user of cluster.defaults', async () => {
    await roundTrip(source({ ...user, socket: { tls: true, ca: certificate.ca } }));
  });

  it('refuses a start with a wrong password, which the error does not show', async () => {
    const error = await startError(
      source({ ...user, password: 's3cret, but wrong', socket: { tls: true, ca: certificate.ca } }),
    );
    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error.message).toMatch(/WRONGPASS.*cluster\.defaults/);
    expect(error.message).not.toContain('s3cret');
  });

  it('refuses a start with credentials on the root nodes only', async () => {
    const error = await startError(source({ socket: { tls: true, ca: certificate.ca } }, user));
    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error.message).toMatch(/NOAUTH.*cluster\.defaults/);
  });

  it('refuses a start when the authority is not known', async () => {
    const error = await startError(source({ ...user, socket: { tls: true } }));
    expect(error).toBeInstanceOf(RedisConnectionError);
    expect(error.message).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT.*certificate authority/);
  });
});

describe('Redis Sentinel with passwords of its own', () => {
  const passwords = { node: 's3cret-of-the-nodes', sentinel: 's3cret-of-the-sentinels' };
  let set: RedisSentinelSet;

  beforeAll(async () => {
    set = await RedisSentinelSet.start({
      config: { requirepass: passwords.node, masterauth: passwords.node },
      sentinelConfig: { requirepass: passwords.sentinel },
      monitorConfig: [`auth-pass mymaster ${passwords.node}`, `sentinel-pass ${passwords.sentinel}`],
      admin: { password: passwords.node },
      sentinelAdmin: { password: passwords.sentinel },
    });
  });

  afterAll(() => set.stop());

  const source = (options: Partial<RedisSentinelOptions>): RedisSource => ({
    kind: 'sentinel',
    options: {
      name: set.name,
      sentinelRootNodes: set.sentinelRootNodes,
      nodeClientOptions: { password: passwords.node },
      sentinelClientOptions: { password: passwords.sentinel },
      ...options,
    },
  });

  it('is reached with both, also after a failover', async () => {
    await roundTrip(source({}));
    await set.failover();
    await roundTrip(source({ nodeClientOptions: { password: passwords.node, database: 3 } }));
  });

  it.each([
    ['of the Sentinels is missing', { sentinelClientOptions: {} }, /NOAUTH.*sentinel\.sentinelClientOptions/],
    ['of the Sentinels is wrong', { sentinelClientOptions: { password: 's3cret' } }, /WRONGPASS.*sentinelClientOptions/], // prettier-ignore
    ['of the nodes is missing', { nodeClientOptions: {} }, /NOAUTH.*sentinel\.nodeClientOptions/],
    ['of the nodes is wrong', { nodeClientOptions: { password: 's3cret' } }, /WRONGPASS.*nodeClientOptions/],
  ])('refuses a start when the password %s', async (_what, options, message) => {
    const error = await startError(source(options));
    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('s3cret');
  });
});
