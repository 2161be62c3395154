import 'reflect-metadata';
import { inspect } from 'node:util';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { createKeyv } from '../../lib/keyv/create-keyv.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import * as everything from '../../lib/index.js';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SessionInterceptor } from '../../lib/session-http/nest/session.interceptor.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { SessionEvent, SessionEventName } from '../../lib/session/stored/session-events.js';
import { SharedCodec } from '../support/shared-codec.js';
import { SessionSigner } from '../../lib/session/wire/session-signer.js';
import { openStore } from '../../lib/store/open-store.js';
import { ClusterLink } from '../../lib/store/redis/cluster/cluster-link.js';
import { SentinelLink } from '../../lib/store/redis/sentinel/sentinel-link.js';
import { CodexRedisHealthModule } from '../../lib/terminus/codex-redis-health.module.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';
import { getCacheToken } from '../../lib/tokens/cache-token.js';
import { COOKIE, PLATFORMS, startApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';
import { RedisServer } from '../support/redis-server.js';
import { showingsOf } from '../support/secret-looks.js';

const SECRET = 'SECRET';
const secretKey = `${SECRET} of the sessions, 32 bytes or more`;

/** The same as bytes, which inspectors show as numbers. */
const SECRETS = [SECRET, '53 45 43 52 45 54', '83, 69, 67, 82, 69, 84'];

const shownOf = (value: unknown, secrets: readonly string[] = SECRETS) => showingsOf(value, secrets).shown;

/** Nest's own, each of which leads to the whole application. */
const NESTS =
  /^(ModulesContainer|ModuleRef|ApplicationConfig|HttpAdapterHost|LazyModuleLoader|ExternalContextCreator)$/;

describe('what logs show', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start({ config: { requirepass: SECRET } });
  });
  afterAll(() => server.stop());

  const optionsOf = (url: string) => ({
    url,
    projectName: 'shop',
    secretKey,
    secretKeyFallbacks: [`${SECRET} of before, which has 32 bytes or more`, Buffer.from(secretKey)],
    session: { url, clientOptions: { password: SECRET } },
    cache: { keyPrefix: 'shop', serializer: 'the serializer' },
  });
  const urlOf = (): string => `redis://:${SECRET}@127.0.0.1:${server.port}/0`;

  it('SX6 finds a secret in whatever way it is shown', () => {
    const target = { key: SECRET };
    class Reads {
      get key(): string {
        return SECRET;
      }
    }
    const faults: unknown[] = [
      { a: { b: { c: { d: { e: { f: { g: { h: SECRET } } } } } } } },
      Object.defineProperty({}, 'key', { value: SECRET }),
      Object.defineProperty({}, 'key', { get: () => SECRET }),
      { [Symbol('key')]: SECRET },
      new Reads(),
      new WeakMap([[target, target]]),
      new Map([[{ deep: target }, 1]]),
      new Proxy(target, { get: () => undefined, ownKeys: () => [] }),
      Promise.resolve(target),
      Object.assign(() => 1, target),
      new Error('outer', { cause: new Error('inner', { cause: new Error(SECRET) }) }),
      { toJSON: () => SECRET },
      Buffer.from(SECRET),
    ];
    for (const fault of faults) expect(shownOf(fault)).not.toEqual([]);
  });

  it.each(['forRoot', 'forRootAsync'] as const)(
    'SX6 of each provider and module of %s is no secret',
    async (way) => {
      const options = optionsOf(urlOf());
      const { url } = options;
      @Module({
        providers: [{ provide: 'the serializer', useValue: { dumps: JSON.stringify, loads: JSON.parse } }],
        exports: ['the serializer'],
      })
      class SerializerModule {}
      @Module({
        imports: [
          SerializerModule,
          way === 'forRoot'
            ? CodexRedisModule.forRoot(options)
            : CodexRedisModule.forRootAsync({ useFactory: () => options }),
          CodexRedisModule.registerCache({ name: 'plain', keyPrefix: 'plain', url }),
          CodexRedisModule.registerCacheAsync({
            name: 'late',
            useFactory: () => ({ keyPrefix: 'late', url, clientOptions: { password: SECRET } }),
          }),
          CodexRedisHealthModule,
        ],
        providers: [SessionGuard, SessionInterceptor, CodexRedisThrottlerStorage],
      })
      class AppModule {}
      const app = await NestFactory.createApplicationContext(AppModule, {
        logger: false,
        abortOnError: false,
      });
      try {
        const cache = app.get<CacheService>(getCacheToken('late'), { strict: false });
        await cache.set('a', 1);
        await app.get(SessionService).create();
        const faults: unknown[] = [];
        let seen = 0;
        for (const module of app.get(ModulesContainer).values())
          for (const [token, { instance }] of [...module.providers, ...module.injectables]) {
            const name = typeof token === 'function' ? token.name : String(token);
            if (typeof instance !== 'object' || (instance as unknown) === null || NESTS.test(name)) continue;
            seen += 1;
            faults.push(...shownOf(instance).map((shown) => ({ name, ...shown })));
          }
        faults.push(...shownOf(createKeyv(cache)));
        const { shown, walked } = showingsOf(app, SECRETS);
        expect([...faults, ...shown]).toEqual([]);
        expect(seen).toBeGreaterThan(20);
        expect(walked).toBeGreaterThan(500);
      } finally {
        await app.close();
      }
    },
  );

  it('SX6 of stores, links, signers, codecs and settings is no secret', async () => {
    const settings = resolveSettings(optionsOf(urlOf()));
    const store = await openStore(settings.store.reveal(), systemClock);
    const common = { clientOptions: { password: SECRET }, operationTimeoutMs: 1000, connectTimeoutMs: 1000 };
    const rootNodes = [{ url: urlOf() }];
    const sentinelRootNodes = [{ host: '127.0.0.1', port: 1 }];
    const signer = new SessionSigner(settings.session!.secretKeys.reveal(), 'a salt');
    const sessions = new SessionService(store, settings.session!, systemClock);
    const objects: Record<string, unknown> = {
      settings,
      store,
      sessions,
      signer,
      cache: new CacheService(store, settings.cache, new JsonSerializer()),
      codec: new SharedCodec(signer, new JsonSerializer(), systemClock),
      cluster: new ClusterLink({ cluster: { rootNodes, defaults: { password: SECRET } }, ...common }),
      sentinel: new SentinelLink({
        sentinel: { name: 'shop', sentinelRootNodes, nodeClientOptions: { password: SECRET } },
        ...common,
      }),
      everything,
    };
    try {
      await store.connect();
      for (const [name, object] of Object.entries(objects))
        expect([name, shownOf(object)]).toEqual([name, []]);
    } finally {
      await store.close();
    }
  });

  it('SX6 of an error and its causes is no secret', async () => {
    const url = `redis://:${SECRET}-wrong@127.0.0.1:${server.port}/0`;
    const failure = async (options: object): Promise<unknown> => {
      @Module({ imports: [CodexRedisModule.forRoot({ ...options, cache: { keyPrefix: 'shop' } })] })
      class AppModule {}
      return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false }).then(
        () => undefined,
        (error: unknown) => error,
      );
    };
    const gone = `redis://:${SECRET}@127.0.0.1:1/0`;
    for (const options of [
      { url },
      { url: gone, connectTimeoutMs: 100 },
      { cluster: { rootNodes: [{ url }] }, connectTimeoutMs: 300 },
      { cluster: { rootNodes: [{ url: gone }] }, connectTimeoutMs: 100 },
      {
        sentinel: { name: 'a', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] },
        clientOptions: { password: SECRET },
        connectTimeoutMs: 100,
      },
      { url, clientOptions: { tls: SECRET } },
      { url: `http://${SECRET}` },
      { secretKey: { [SECRET]: SECRET } },
    ]) {
      const error = await failure(options);
      expect(error).toBeInstanceOf(Error);
      expect(shownOf(error)).toEqual([]);
    }
  });
});

type Carrier = Record<string, unknown> & {
  headers: Record<string, unknown>;
  rawHeaders?: string[];
  raw?: Carrier;
  session: Record<string, unknown> & { id: string | null; cycleKey(): Promise<void> };
};

const EVENTS: SessionEventName[] = [
  'created',
  'cycled',
  'flushed',
  'interrupted',
  'corrupt',
  'rejected',
  'expired',
];

describe.each(PLATFORMS)('what logs show of a request on %s', (platform) => {
  it('SX6 is no session key, of a visitor known or new', async () => {
    const events: SessionEvent[] = [];
    const faults: unknown[] = [];
    const looked: string[] = [];
    let sessions: SessionService;

    @Controller()
    class Visits {
      @Get('visit')
      async visit(@Req() request: Carrier, @Res({ passthrough: true }) response: object): Promise<string> {
        const { session } = request;
        const before = session.id;
        session['visits'] = 1;
        await session.cycleKey();
        const keys = [before, session.id, request['sessionID'] as string].filter((key) => key !== null);
        // Node's own memory of the Cookie header
        for (const { headers, rawHeaders } of [request, request.raw ?? request]) {
          delete headers['cookie'];
          rawHeaders?.splice(0);
        }
        looked.push(...keys);
        const hidden = inspect(request, { depth: 4, showHidden: true, customInspect: false });
        faults.push(...keys.filter((key) => hidden.includes(key)));
        // an inspector that is told to call getters calls this one, which is the key by its contract (SE24)
        Object.defineProperty(request, 'sessionID', { value: undefined });
        const roots = { session, request, response, raw: request.raw, sessions, JSON: { session } };
        for (const [name, root] of Object.entries(roots))
          faults.push(...shownOf(root, keys).map((shown) => ({ name, ...shown })));
        return 'ok';
      }

      @Get('stale')
      stale(@Req() request: Carrier): string {
        request.session['visits'] = 2;
        return 'ok';
      }
    }
    const app = await startApp(platform, { controllers: [Visits] });
    try {
      ({ sessions } = app);
      for (const name of EVENTS) sessions.events.on(name, (event) => events.push(event));
      const first = await app.send('/visit');
      const key = keyFrom(first)!;
      expect(looked).toContain(key);
      const second = keyFrom(await app.send('/visit', { headers: { cookie: `${COOKIE}=${key}` } }))!;
      expect(looked).toEqual(expect.arrayContaining([key, second]));
      await app.send('/stale', { headers: { cookie: `${COOKIE}=${key}` } });
      expect(events.length).toBeGreaterThan(1);
      expect([...faults, ...shownOf(events, [key, second]), ...shownOf(app.app, [key, second])]).toEqual([]);
    } finally {
      await app.close();
    }
  });
});
