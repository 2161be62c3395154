import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { createClient, type RedisClientOptions } from 'redis';
import { ignore } from '../../lib/common/ignore.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { clientTemplate, templateFor } from '../../lib/store/redis/connection/client-template.js';
import { dial } from '../../lib/store/redis/connection/dial.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';
import { openRedis } from '../support/open-redis.js';
import { until } from '../support/redis-admin.js';
import { RedisProxy } from '../support/redis-proxy.js';
import { freePort, RedisServer } from '../support/redis-server.js';
import { clusterServing, sharedCluster } from '../support/shared-topologies.js';
import { openSource } from '../support/stores.js';
import { makeCertificate, type TestCertificate } from '../support/tls.js';

const PASSWORD = 'p@ss:w/rd?#ü';

/** What connect() rejects with. The store is closed. */
const failure = async (store: KeyValueStore): Promise<Error> => {
  const error: unknown = await store.connect().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  await store.close();
  expect(error).toBeInstanceOf(Error);
  return error as Error;
};

const works = async (store: KeyValueStore): Promise<void> => {
  const key = randomUUID();
  await store.set(key, 'v', null);
  await expect(store.get(key)).resolves.toBe('v');
  await expect(store.delete(key)).resolves.toBe(true);
  await store.close();
};

describe('the start', () => {
  let server: RedisServer;
  let folder: string;
  let socketPath: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    folder = mkdtempSync(join(tmpdir(), 'codex-redis-socket-'));
    socketPath = join(folder, 'redis.sock');
    server = await RedisServer.start({
      config: { requirepass: PASSWORD, unixsocket: socketPath, databases: '8' },
    });
    const admin = await createClient({ url: server.url, password: PASSWORD }).connect();
    await admin.sendCommand(['ACL', 'SETUSER', 'app', 'on', `>${PASSWORD}`, '~*', '&*', '+@all']);
    await admin.sendCommand([
      'ACL',
      'SETUSER',
      'narrow',
      'on',
      `>${PASSWORD}`,
      '~*',
      '+@all',
      '-info',
      '-config',
    ]);
    admin.destroy();
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const url = (user: string, path = '0'): string =>
    `redis://${user}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}/${path}`;

  const unix = (path: string): string => `unix://app:${encodeURIComponent(PASSWORD)}@${socketPath}${path}`;

  describe('works', () => {
    it('with an ACL user and a percent-encoded password in the url', () => works(openRedis(url('app'))));

    it('with the default user', () => works(openRedis(url(''))));

    it('with the user in clientOptions', () =>
      works(openRedis(server.url, { clientOptions: { username: 'app', password: PASSWORD } })));

    it('with a user who may run neither INFO nor CONFIG', () => works(openRedis(url('narrow'))));

    it('over a unix socket', () => works(openRedis(unix(''))));

    it.each([
      ['redis', (): string => url('app', '2')],
      ['unix', (): string => unix('?db=2')],
    ])('in the database the %s url names', async (_, urlOf) => {
      const key = randomUUID();
      const store = openRedis(urlOf());
      await store.set(key, 'v', null);
      const here = await createClient({ url: server.url, password: PASSWORD, database: 2 }).connect();

      await expect(here.get(key)).resolves.toBe('v');
      await store.delete(key);
      await store.close();
      here.destroy();
    });

    it('with the client name of clientOptions, and leaves the options as they were', async () => {
      const clientOptions = { name: 'shop', socket: { keepAlive: false } };
      const before = structuredClone(clientOptions);
      const store = openRedis(url('app'), { clientOptions });
      await store.connect();
      const admin = await createClient({ url: url('app') }).connect();

      expect(await admin.sendCommand(['CLIENT', 'LIST'])).toContain('name=shop');
      expect(clientOptions).toEqual(before);
      admin.destroy();
      await store.close();
    });

    it('after a first failure, when a later command tries again', async () => {
      const port = await freePort();
      const store = openRedis(`redis://127.0.0.1:${port}/0`);
      await expect(store.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
      const late = await RedisServer.start({ port });
      await until('the store is connected', () => store.ping().then(() => true));

      await works(store);
      await late.stop();
    });
  });

  it('opens one connection for many first commands, and none before', async () => {
    const proxy = await RedisProxy.start(server.url);
    const store = openRedis(proxy.url, { clientOptions: { password: PASSWORD } });
    await new Promise((resolve) => setImmediate(resolve));
    const before = proxy.accepted;
    await Promise.all([store.connect(), store.get('k'), store.get('k'), store.connect()]);

    expect(before).toBe(0);
    expect(proxy.accepted).toBe(1);
    await store.close();
    await proxy.stop();
  });

  describe('fails clearly', () => {
    it.each([
      [
        'a wrong password',
        (): string => url('app').replace('p%40ss', 'wrong'),
        /refused the credentials \(WRONGPASS\)/,
      ],
      ['a missing password', (): string => server.url, /refused the credentials \(NOAUTH\)/],
      ['a database number that does not exist', (): string => url('app', '9'), /no database of this number/],
      ['a wrong database number', (): string => url('app', 'two'), /not a Redis url/],
      ['a malformed url', (): string => `redis://app:${PASSWORD}@@:port`, /not a Redis url/],
      ['another protocol', (): string => `http://app:x@127.0.0.1:${server.port}`, /not a Redis url/],
    ])('for %s', async (_, urlOf, message) => {
      const error = await Promise.resolve()
        .then(() => failure(openRedis(urlOf())))
        .catch((thrown: unknown) => thrown as Error);

      expect(error).toBeInstanceOf(ImproperlyConfiguredError);
      expect(error.message).toMatch(message);
      expect(`${error.message}${String(error.cause)}`).not.toContain('ss:w/rd');
    });

    it('for a server that is not there, naming host and port', async () => {
      const port = await freePort();
      const error = await failure(
        openRedis(`redis://app:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/0`),
      );

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toContain(`127.0.0.1:${port} is not reachable (ECONNREFUSED)`);
      expect(error.message).not.toContain('ss:w');
    });

    it('for a socket file that is not there', async () => {
      const error = await failure(openRedis('unix:///nonexistent/redis.sock'));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toContain('/nonexistent/redis.sock is not reachable (ENOENT)');
    });

    it('for a host name that does not exist', async () => {
      const error = await failure(openRedis('redis://nowhere.invalid:6379/0'));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toMatch(/nowhere\.invalid:6379 is not reachable/);
    });

    it('for a server that accepts and stays silent, within the connect timeout', async () => {
      const proxy = await RedisProxy.start(server.url);
      proxy.swallow();
      const start = performance.now();
      const error = await failure(openRedis(proxy.url, { connectTimeoutMs: 300 }));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toContain('no answer within 300 ms');
      expect(performance.now() - start).toBeLessThan(800);
      await until('the connection is gone', () => Promise.resolve(proxy.open === 0));
      await proxy.stop();
    });

    it('for a server that has no free connection', async () => {
      const full = await RedisServer.start({ config: { maxclients: '1' } });
      const only = await createClient({ url: full.url }).connect();
      const error = await failure(openRedis(full.url));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toMatch(/max number of clients|closed/i);
      only.destroy();
      await full.stop();
    });

    it('CN8 for a Redis older than 7.0', async () => {
      const proxy = await RedisProxy.start(server.url);
      proxy.outdate();
      const error = await failure(openRedis(proxy.url, { clientOptions: { password: PASSWORD } }));

      expect(error).toBeInstanceOf(ImproperlyConfiguredError);
      expect(error.message).toMatch(/is version 6\.\d+\.\d+; 7\.0 or newer \(or Valkey\) is needed/);
      await proxy.stop();
    });

    it('CN8 for a Redis where Sentinels are expected', async () => {
      const sentinel = {
        name: 'mymaster',
        sentinelRootNodes: [{ host: '127.0.0.1', port: server.port }],
        sentinelClientOptions: { password: PASSWORD },
      };
      const error = await failure(
        openRedisStore({
          source: { kind: 'sentinel', options: sentinel },
          clientOptions: {},
          operationTimeoutMs: 1000,
          connectTimeoutMs: 2000,
        }),
      );

      expect(error).toBeInstanceOf(ImproperlyConfiguredError);
      expect(error.message).toContain('No Sentinel answers at');
      expect(error.message).not.toContain('RESP 2');
    });

    describe('CN8 for a server without HELLO, as a proxy that speaks RESP 2 only', () => {
      let without: RedisServer;

      beforeAll(async () => {
        const configFile = 'rename-command HELLO ""\n';
        without = await RedisServer.start({ configFile, config: { requirepass: 'secret-of-redis' } });
      });

      afterAll(() => without.stop());

      it('without the credentials that it quotes', async () => {
        const credentials = { username: 'default', password: 'secret-of-redis' };
        const error = await failure(openRedis(without.url, { clientOptions: credentials }));

        expect(error).toBeInstanceOf(ImproperlyConfiguredError);
        expect(error.message).toContain('proxy that knows RESP 2 only');
        expect(error.message).not.toContain('Sentinel');
        expect(inspect(error, { depth: null, showHidden: true })).not.toContain('secret-of-redis');
      });
    });
  });

  describe('with TLS', () => {
    let certificate: TestCertificate;
    let secure: RedisServer;
    const trusting = (): RedisClientOptions => ({ socket: { ca: certificate.ca } as never });

    beforeAll(async () => {
      certificate = makeCertificate();
      const port = await freePort();
      secure = await RedisServer.start({ port, config: certificate.redisConfig(port) });
    });

    afterAll(async () => {
      await secure.stop();
      certificate.remove();
    });

    it('CN7 works with valkeys: as with rediss:', () =>
      works(openRedis(`valkeys://127.0.0.1:${secure.port}/1`, { clientOptions: trusting() })));

    it('CN7 works with valkey: as with redis:, also for the nodes of a Cluster', async () => {
      const plain = openRedis(String(process.env['TEST_REDIS_URL']).replace('redis:', 'valkey:'));
      const rootNodes = sharedCluster().rootNodes.map(({ url = '' }) => ({
        url: url.replace('redis:', 'valkey:'),
      }));
      const cluster = openSource({ kind: 'cluster', options: { rootNodes } });
      await clusterServing();
      await works(plain);
      await works(cluster);
    });

    it.each(['127.0.0.1', 'localhost'])(
      'works with rediss: to %s and a certificate authority',
      async (host) => {
        await works(openRedis(`rediss://${host}:${secure.port}/1`, { clientOptions: trusting() }));
      },
    );

    it('waits for a long reply as long as it keeps coming', async () => {
      const proxy = await RedisProxy.start(secure.url);
      const store = openRedis(`rediss://127.0.0.1:${proxy.port}/0`, {
        clientOptions: trusting(),
        operationTimeoutMs: 300,
      });
      await store.set('long', 'x'.repeat(3_000_000), null);
      proxy.slowDown(3_000_000);

      await expect(store.get('long')).resolves.toHaveLength(3_000_000);
      await store.close();
      await proxy.stop();
    });

    it('fails clearly for a certificate nobody vouches for', async () => {
      const error = await failure(openRedis(`rediss://127.0.0.1:${secure.port}/0`));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toMatch(/SELF_SIGNED_CERT.*certificate authority/);
    });

    it('fails clearly where a port does not speak TLS, and where it speaks nothing else', async () => {
      const plain = await failure(
        openRedis(`rediss://127.0.0.1:${server.port}/0`, { connectTimeoutMs: 500 }),
      );
      const tls = await failure(openRedis(`redis://127.0.0.1:${secure.port}/0`));

      expect(plain).toBeInstanceOf(RedisConnectionError);
      expect(plain.message).toContain('rediss: needs a port that speaks TLS');
      expect(tls).toBeInstanceOf(RedisConnectionError);
    });

    describe('behind a front that chooses by the name of the server', () => {
      let front: TlsServer;
      let names: string[];
      const port = (): number => (front.address() as AddressInfo).port;

      beforeEach(async () => {
        names = [];
        const key = readFileSync(certificate.keyFile);
        front = createTlsServer({ key, cert: certificate.ca }, (socket) => {
          const { servername } = socket as TLSSocket & { readonly servername: string | false };
          names.push(servername || 'none');
          const upstream = connect({ port: server.port, host: '127.0.0.1' });
          socket.on('error', () => upstream.destroy());
          upstream.on('error', () => socket.destroy());
          socket.pipe(upstream).pipe(socket);
        });
        await once(front.listen(0, '127.0.0.1'), 'listening');
      });

      afterEach(() => new Promise((resolve) => front.close(resolve)));

      it.each([
        ['the host of the url', 'localhost', undefined, 'localhost'],
        ['none for an IP address', '127.0.0.1', undefined, 'none'],
        ['socket.servername before it', '127.0.0.1', 'localhost', 'localhost'],
      ])('CN5 gives %s as the name of the server', async (_, host, servername, expected) => {
        const socket = { ca: certificate.ca, ...(servername !== undefined && { servername }) } as never;
        const store = openRedis(`rediss://${host}:${port()}/0`, {
          clientOptions: { socket, password: PASSWORD },
        });
        await store.connect();
        await store.close();

        expect(new Set(names)).toEqual(new Set([expected]));
      });

      it('CN5 gives the host of each node that was learned later, as those of a cluster or a master', async () => {
        const socket = { tls: true, ca: certificate.ca } as never;
        const template = clientTemplate({ socket, password: PASSWORD }, 'cluster.defaults');
        for (const host of ['localhost', '127.0.0.1']) {
          const node = templateFor(template, { host, port: port() });
          const { client } = await dial(node, 2000)(new AbortController().signal);
          client.destroy();
        }

        expect(names).toEqual(['localhost', 'none']);
      });
    });

    it('CN5 names socket.servername where a server cuts the handshake off', async () => {
      const cutting = createServer((socket) => {
        socket.on('error', ignore).once('data', () => socket.end());
      });
      await once(cutting.listen(0, '127.0.0.1'), 'listening');
      const { port } = cutting.address() as AddressInfo;
      const error = await failure(openRedis(`rediss://localhost:${port}/0`, { connectTimeoutMs: 500 }));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toContain('socket.servername');
      await new Promise((resolve) => cutting.close(resolve));
    });

    it('fails clearly where nothing listens', async () => {
      const port = await freePort();
      const error = await failure(openRedis(`rediss://127.0.0.1:${port}/0`));

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(error.message).toContain(`127.0.0.1:${port} is not reachable (ECONNREFUSED)`);
    });
  });

  describe('warns once for each server', () => {
    const warnings: string[] = [];

    beforeAll(() => {
      Logger.overrideLogger({
        log: () => undefined,
        error: () => undefined,
        warn: (message: string) => warnings.push(message),
      });
    });

    afterAll(() => {
      Logger.overrideLogger(false);
    });

    it.each([
      ['allkeys-lru', true, 1],
      ['allkeys-lru', false, 0],
      ['volatile-lru', true, 1],
      ['volatile-ttl', true, 1],
      ['volatile-ttl', false, 0],
      ['noeviction', true, 0],
    ])(
      'SX11 with maxmemory-policy %s, sessions there: %p: %i warnings',
      async (policy, holdsSessions, count) => {
        warnings.length = 0;
        const evicting = await RedisServer.start({ config: { 'maxmemory-policy': policy } });
        const store = openRedisStore({
          source: { kind: 'url', url: evicting.url },
          clientOptions: {},
          operationTimeoutMs: 1000,
          connectTimeoutMs: 5000,
          holdsSessions,
        });
        await store.connect();
        await store.close();

        expect(warnings).toHaveLength(count);
        await evicting.stop();
      },
    );
  });
});
