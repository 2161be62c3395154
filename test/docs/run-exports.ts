import {
  All,
  type CanActivate,
  Controller,
  type DynamicModule,
  type INestApplication,
  type Type,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import {
  type AnyCacheDefinition,
  CacheService,
  type CacheOptions,
  CodexRedisModule,
  getTypedCacheToken,
  Session,
  type TypedCache,
  type UserSession,
} from '../../lib/index.js';
import { Decimal } from '../../lib/cache-coder/index.js';
import { type EmbeddedCodexRedis, embedCodexRedis } from '../../lib/testing/index.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/index.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';
import { caching, inApplication } from './in-application.js';
import { AskedRoutes, askEachRoute, isController } from './routes.js';

/**
 * Does something with each export of a block: to import a declaration is not to run it. Of an application and a controller
 * each route is asked.
 */
export const runExports = async (
  exported: Readonly<Record<string, unknown>>,
  page: string,
): Promise<void> => {
  for (const [name, value] of Object.entries(exported)) {
    const run = RUNS[name];
    if (run === undefined) throw new Error(`Nothing runs ${name}, which the block exports`);
    await run(value as never, page);
    if (isController(value) && !asked.has(value))
      throw new Error(`${name} is run without withController(), which knows whether each route was asked`);
  }
};

/** Controllers each of whose routes was asked. */
const asked = new WeakSet<Type>();

const cachingIn = (module: Type | DynamicModule): Promise<void> => inApplication(module, caching);

/** The one provider that a module declares. */
const theProviderOf = <T>(module: Type): Type<T> => {
  const [provider] = Reflect.getMetadata('providers', module) as Type<T>[];
  return provider!;
};

const RUNS: Readonly<Record<string, (exported: never, page: string) => Promise<void>>> = {
  AppModule: (module: Type, page) =>
    inApplication(module, async (app) => {
      await caching(app);
      await app.listen(0, '127.0.0.1');
      await askEachRoute(app, page);
    }),
  overTls: cachingIn,
  overSocket: cachingIn,

  flatKeys: (cache: CacheOptions) =>
    inApplication(CodexRedisModule.forRoot({ url: 'memory:', cache }), async (app) => {
      await caching(app);
      const service = app.get(CacheService, { strict: false });
      await service.set('k', 1);
      expect(await service.clear()).toBe(1);
    }),

  MetricsController: (controller: Type) =>
    withController(controller, async (app) => {
      const { body } = await app.send('/metrics');
      expect(body).toContain('# TYPE nestjs_codex_redis_cache_operations_total counter');
    }),

  rememberPage: async (remember: (request: never) => void) => {
    const app = await startApp('express', {
      prepare: (nest) => {
        nest.use((request: unknown, _: unknown, next: () => void) => {
          remember(request as never);
          next();
        });
      },
    });
    const key = keyFrom(await app.send('/account?tab=1'));
    expect(await app.stored()).toEqual({ [String(key)]: { returnTo: '/account?tab=1' } });
    await app.close();
  },

  SameSiteGuard: async (guard: Type<CanActivate>) => {
    @Controller()
    class Login {
      @All('login')
      login(@Session() session: Session): string {
        session.set('visits', 1);
        return 'ok';
      }
    }
    for (const platform of PLATFORMS) {
      const providers = [{ provide: APP_GUARD, useClass: guard }];
      const app = await startApp(platform, { controllers: [Login], providers });
      const answer = async (method: string, site?: string): Promise<[status: number, cookies: number]> => {
        const headers: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site };
        const { status, setCookies } = await app.send('/login', { method, headers });
        return [Math.floor(status / 100), setCookies.length];
      };
      expect(await answer('POST', 'cross-site')).toEqual([4, 0]);
      for (const site of ['same-origin', 'same-site', 'none', undefined])
        expect(await answer('POST', site)).toEqual([2, 1]);
      expect(await answer('GET', 'cross-site')).toEqual([2, 1]);
      await app.close();
    }
  },

  ProfileService: (service: Type<{ profile(id: number): Promise<unknown> }>) =>
    withProvider(service, async ({ app }) => {
      expect(await app.get(service).profile(42)).toEqual({ name: 'user 42' });
    }),

  ProductService: (
    service: Type<{
      find(id: number): Promise<unknown>;
      rename(id: number, name: string): Promise<unknown>;
      remove(id: number): Promise<void>;
    }>,
  ) =>
    withProvider(service, async ({ app }) => {
      const [products, cache] = [app.get(service), app.get(CacheService)];
      expect(await products.find(42)).toEqual({ id: 42, name: 'Lamp' });
      expect(await cache.get('product:42')).toEqual({ id: 42, name: 'Lamp' });
      await products.rename(42, 'Torch');
      expect(await cache.get('product:42')).toEqual({ id: 42, name: 'Torch' });
      await products.remove(42);
      expect(await cache.has('product:42')).toBe(false);
      expect(await products.find(42)).toBeNull();
    }),

  ListingModule: (module: Type) =>
    inApplication(module, async (app) => {
      const cache = app.get(CacheService, { strict: false });
      const service = app.get(
        theProviderOf<{
          list(page: number): Promise<unknown>;
          save(id: number, name: string): Promise<unknown>;
        }>(module),
      );
      await service.list(1);
      expect(await cache.has('listing:1')).toBe(true);
      await service.save(43, 'Lamp');
      expect(await cache.has('listing:1')).toBe(false);
    }),

  BookModule: (module: Type) =>
    inApplication(module, async (app) => {
      const cache = app.get(CacheService, { strict: false });
      const service = app.get(
        theProviderOf<{ find(id: number): Promise<string>; authorChanged(author: string): Promise<void> }>(
          module,
        ),
      );
      expect([await service.find(7), await service.find(7)]).toEqual(
        Array(2).fill('1815-12-23T00:00:00.000Z'),
      );
      expect(await cache.has('book:7')).toBe(true);
      await service.authorChanged('austen');
      expect(await cache.has('book:7')).toBe(false);
    }),

  CatalogModule: (module: Type, page) =>
    inApplication(module, async (app) => {
      await app.listen(0, '127.0.0.1');
      await askEachRoute(app, page);
      const ask = async (): Promise<string> => {
        const answer = await fetch(`${await app.getUrl()}/products/7`);
        return answer.headers.get('cache-status') ?? '';
      };
      await ask();
      expect(await ask()).toMatch(/; hit/);
      await app.get(theProviderOf<{ changed(id: string): Promise<void> }>(module)).changed('7');
      expect(await ask()).toMatch(/fwd=miss; stored/);
    }),

  productCache: (definition: AnyCacheDefinition) =>
    embedded([CodexRedisModule.forFeature([definition])], async (get) => {
      const products = get(
        getTypedCacheToken(definition) as unknown as Type<TypedCache<bigint, unknown, unknown>>,
      );
      const product = { id: 1n, name: 'Lamp', price: '12.50', changed: new Date(0), maker: null, extra: 1 };
      await products.set(1n, product);
      expect(await products.get(1n)).toEqual({
        id: 1n,
        name: 'Lamp',
        price: new Decimal('12.5'),
        changed: new Date(0),
        maker: null,
      });
    }),

  Readiness: (service: Type<{ isReady(): Promise<boolean> }>) =>
    withProvider(service, async ({ app }) => {
      expect(await app.get(service).isReady()).toBe(true);
    }),

  lenient: (throttler: DynamicModule) =>
    embedded([throttler], async (get, { faults }) => {
      const hit = (): Promise<unknown> =>
        get(CodexRedisThrottlerStorage).increment('ada', 60_000, 1, 0, 'default');
      expect([await hit(), await hit()]).toMatchObject([{ isBlocked: false }, { isBlocked: true }]);
      faults.failNext();
      expect(await hit()).toMatchObject({ isBlocked: false });
    }),

  CartController: (controller: Type) =>
    withController(controller, async (app) => {
      const added = await app.send('/cart', { method: 'POST', body: JSON.stringify({ book: 'Emma' }) });
      const cookie = keyFrom(added);
      expect((await app.send('/cart', { cookie })).body).toBe('["Emma"]');
      expect((await app.send('/visits', { cookie })).body).toBe('1');
      expect((await app.send('/visits', { cookie })).body).toBe('2');
    }),

  ChatGateway: (gateway: Type) => {
    const prepare = (app: INestApplication): void => void app.useWebSocketAdapter(new WsAdapter(app));
    return using(startApp('express', { providers: [gateway], prepare }), async (app) => {
      const session = app.sessions.open();
      await session.signIn(42);
      await app.sessions.save(session);
      const url = `ws://127.0.0.1:${app.port}`;
      const [refused] = (await once(new WebSocket(url), 'close')) as [number];
      expect(refused).toBe(1008);
      const socket = new WebSocket(url, {
        headers: { Cookie: `${COOKIE}=${String(session.key)}` },
      });
      await once(socket, 'open');
      socket.send(JSON.stringify({ event: 'say', data: 'hello' }));
      const [answer] = (await once(socket, 'message')) as [Buffer];
      expect(JSON.parse(answer.toString())).toEqual({ event: 'said', data: '42: hello' });
      await app.sessions.endOfUser(42);
      await once(socket, 'close');
    });
  },

  LoginController: (controller: Type) =>
    withController(controller, async (app) => {
      const login = (password: string): ReturnType<TestApp['send']> =>
        app.send('/login', { method: 'POST', body: JSON.stringify({ name: 'ada', password }) });
      expect((await app.send('/me')).status).toBe(401);
      expect((await login('byron')).status).toBe(401);
      const cookie = keyFrom(await login('lovelace'));
      expect((await app.send('/me', { cookie })).body).toBe('42');
      await app.send('/logout', { method: 'POST', cookie });
      expect((await app.send('/me', { cookie })).status).toBe(401);
    }),

  DjangoLoginController: async (controller: Type) => {
    const user = { id: 1, backend: 'django.contrib.auth.backends.ModelBackend', hash: 'of the password' };
    const django = createServer((request, response) => {
      const isCheck = request.url === '/internal/check-password';
      void text(request).then((form) => {
        if (isCheck && form === 'name=ada&password=lovelace') response.end(JSON.stringify(user));
        else response.writeHead(403).end();
      });
    }).listen(0, '127.0.0.1');
    await once(django, 'listening');
    process.env['DJANGO_URL'] = `http://127.0.0.1:${(django.address() as AddressInfo).port}`;
    try {
      await withController(controller, async (app) => {
        const login = (password: string): ReturnType<TestApp['send']> =>
          app.send('/login', { method: 'POST', body: JSON.stringify({ name: 'ada', password }) });
        expect((await login('byron')).status).toBe(401);
        expect(keyFrom(await login('lovelace'))).toBeDefined();
        expect(Object.values(await app.stored())).toMatchObject([
          { _auth_user_id: '1', _auth_user_backend: user.backend, _auth_user_hash: user.hash },
        ]);
      });
    } finally {
      delete process.env['DJANGO_URL'];
      django.close();
    }
  },

  // as Django 3.2 and 5.2 make it
  sessionAuthHash: (hashOf: (password: string, secretKey: string) => string) => {
    expect(hashOf('pbkdf2_sha256$260000$salt$hash=', 'the secret key of both sides')).toBe(
      'cb0b51cff856a40c33032c300871106cf7a1ec56cdecd0c409de9cbb810f2710',
    );
    return Promise.resolve();
  },

  AccountController: (controller: Type) =>
    withController(controller, async (app) => {
      const session = await app.sessions.create();
      session.set('_auth_user_id', '42');
      await session.save();
      const cookie = session.key!;
      const confirm = (password: string): ReturnType<TestApp['send']> =>
        app.send('/account/confirm', { method: 'POST', cookie, body: JSON.stringify({ password }) });
      const change = (): ReturnType<TestApp['send']> =>
        app.send('/account/email', { method: 'POST', cookie });
      expect((await change()).status).toBe(403);
      expect((await confirm('byron')).status).toBe(403);
      await confirm('lovelace');
      expect((await change()).body).toBe('changed');
    }),

  DevicesController: (controller: Type) =>
    withController(controller, async (app) => {
      const login = async (device: string): Promise<string | undefined> =>
        keyFrom(await app.send('/devices/login', { method: 'POST', headers: { 'user-agent': device } }));
      const listAt = async (cookie?: string): Promise<UserSession[]> =>
        JSON.parse((await app.send('/devices', { cookie })).body) as UserSession[];
      const devicesAt = async (cookie?: string): Promise<unknown> =>
        (await listAt(cookie)).map(({ device }) => device).sort();
      const [phone, laptop, tablet] = [await login('phone'), await login('laptop'), await login('tablet')];
      expect(await devicesAt(phone)).toEqual(['laptop', 'phone', 'tablet']);
      const { handle = '' } = (await listAt(tablet)).find(({ current }) => current) ?? {};
      const end = () => app.send(`/devices/${handle}`, { method: 'DELETE', cookie: phone });
      expect([(await end()).body, (await end()).body]).toEqual(['true', 'false']);
      expect(await devicesAt(phone)).toEqual(['laptop', 'phone']);
      await app.send('/devices/log-out-everywhere-else', { method: 'POST', cookie: phone });
      expect(await devicesAt(phone)).toEqual(['phone']);
      expect((await app.send('/devices', { cookie: laptop })).status).toBe(401);
    }),

  LoginGuard: (guard: Type<CanActivate>) => {
    const context = new ExecutionContextHost([{ session: globalThis.session }]);
    expect(() => new guard().canActivate(context)).toThrow(UnauthorizedException);
    return Promise.resolve();
  },
};

const withProvider = (provider: Type, use: (app: TestApp) => Promise<void>): Promise<void> =>
  using(startApp('express', { providers: [provider] }), use);

/** Uses a controller, and asks each of its routes in doing so. */
const withController = (controller: Type, use: (app: TestApp) => Promise<void>): Promise<void> => {
  const routes = new AskedRoutes();
  const prepare = (app: INestApplication): void => routes.watch(app);
  return using(startApp('express', { controllers: [controller], prepare }), async (app) => {
    await use(app);
    expect(routes.missingIn(app.app)).toEqual([]);
    asked.add(controller);
  });
};

const using = async (starting: Promise<TestApp>, use: (app: TestApp) => Promise<void>): Promise<void> => {
  const app = await starting;
  try {
    await use(app);
  } finally {
    await app.close();
  }
};

/** A module on an embedded store that can be made to fail. */
const embedded = async (
  imports: readonly DynamicModule[],
  use: (get: <T>(token: Type<T>) => T, redis: EmbeddedCodexRedis) => Promise<void>,
): Promise<void> => {
  const builder = Test.createTestingModule({
    imports: [CodexRedisModule.forRoot({ isGlobal: true, url: 'memory:' }), ...imports],
  });
  const redis = embedCodexRedis(builder);
  const module = await builder.compile();
  try {
    await use((token) => module.get(token, { strict: false }), redis);
  } finally {
    await module.close();
  }
};
