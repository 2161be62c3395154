import {
  type ArgumentsHost,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type HttpException,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  Req,
  RequestMethod,
  Res,
  Session as NestSession,
  UseGuards,
} from '@nestjs/common';
import { AbstractHttpAdapter, NestFactory, RouterModule } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import { loadSession } from '../../lib/session-http/nest/load-session.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SkipSession, UseSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { Faults } from '../../lib/testing/faults.js';
import type { SessionOptions, SessionRoute } from '../../lib/config/session-options.js';
import { PLATFORMS, SECRET_KEY, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom, request } from '../support/http-request.js';
import { recorded } from '../support/sessions.js';

interface Carrier {
  session?: Session<{ userId: number }>;
}

type Sent = ServerResponse & { readonly raw?: ServerResponse };

interface Hooked {
  addHook(name: string, hook: unknown): void;
}

const context = new AsyncLocalStorage<string>();

/** As the guard of nestjs-cls does. */
class ContextGuard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    context.enterWith(String(headers['x-who']));
    return true;
  }
}

class TouchingGuard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    return execution.switchToHttp().getRequest<Carrier>().session?.userId !== 0;
  }
}

@Controller()
class PagesController {
  @Post('login') login(@Session() session: Session<{ userId: number }>): void {
    session.userId = 42;
  }

  @Get('home') home(): string {
    return 'home';
  }

  @Get('read') read(@Session('userId') userId: number | undefined): string {
    return String(userId);
  }

  @UseGuards(TouchingGuard) @Get('guarded') guarded(): string {
    return 'guarded';
  }

  @UseGuards(ContextGuard) @Get('who') who(): string | undefined {
    return context.getStore();
  }

  @SkipSession() @Get('skipped') skipped(@Req() { session }: Carrier): string {
    if (session !== undefined) session.userId = 43;
    return 'skipped';
  }

  @Get('reason') reason(@Session() session: Session<{ userId: number }>, @Res() response: Sent): void {
    const raw = response.raw ?? response;
    session.userId = 44;
    raw.statusMessage = 'two\nlines';
    try {
      raw.end('sent');
    } catch (error) {
      raw.statusMessage = 'Fine';
      raw.end((error as { code: string }).code);
    }
  }

  @UseSession() @Get('used') used(): string {
    return 'used';
  }

  @Get('health') health(@Req() req: Carrier): string {
    return typeof req.session;
  }
}

/** What each kind of middleware saw of the session, by its name. */
let seen: Record<string, unknown> = {};

const look =
  (name: string) =>
  (carrier: Carrier, _response: unknown, next: () => void): void => {
    try {
      seen[name] = carrier.session?.userId;
    } catch (error) {
      seen[name] = (error as { code: string }).code;
    }
    next();
  };

@Module({})
class MiddlewareModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(look('consumer')).forRoutes('{*path}');
  }
}

const useInMain = (app: INestApplication): void => {
  const adapter = app.getHttpAdapter();
  app.use(look('main'));
  if (adapter.getType() === 'fastify') (adapter.getInstance() as Hooked).addHook('onRequest', look('hook'));
};

describe.each(PLATFORMS)('A session that is loaded early, on %s', (platform) => {
  const faults = new Faults();
  let app: TestApp;
  let calls: string[];
  let cookie: string | undefined;

  const start = async (session: SessionOptions = {}, prepare = useInMain): Promise<void> => {
    app = await startApp(platform, {
      controllers: [PagesController],
      imports: [MiddlewareModule],
      session,
      prepare,
      wrapStore: (store) => {
        const recording = recorded(store);
        ({ calls } = recording);
        return faults.wrap(recording.store);
      },
    });
    cookie = keyFrom(await app.send('/login', { method: 'POST' }));
    calls.length = 0;
    seen = {};
  };

  afterEach(async () => {
    faults.clear();
    await app.close();
  });

  const everywhere = platform === 'fastify' ? ['hook', 'main', 'consumer'] : ['main', 'consumer'];
  const all = (value: unknown, names = everywhere): object =>
    Object.fromEntries(names.map((name) => [name, value]));

  it('SE1 SE2 every middleware sees it, with one GET; without a cookie there is none', async () => {
    await start();
    expect((await app.send('/home', { cookie })).body).toBe('home');
    expect([seen, calls]).toEqual([all(42), ['get']]);
    seen = {};
    expect((await app.send('/home')).body).toBe('home');
    expect([seen, calls]).toStrictEqual([all(undefined), ['get']]);
  });

  it('SE1 also where no route matches, and where the body cannot be parsed', async () => {
    await start();
    expect((await app.send('/nowhere', { cookie })).status).toBe(404);
    expect(seen).toMatchObject({ main: 42 });
    seen = {};
    expect((await app.send('/login', { method: 'POST', cookie, body: '{' })).status).toBe(400);
    expect(seen).toMatchObject({ main: 42 });
  });

  it('SE1 a filter finds it there, too, and may write to it', async () => {
    await start({}, (nest) => {
      nest.useGlobalFilters({
        catch: (error: HttpException, host: ArgumentsHost) => {
          const { session } = host.switchToHttp().getRequest<Carrier>();
          if (session !== undefined) session.userId = (session.userId ?? 0) + 1;
          const response = host
            .switchToHttp()
            .getResponse<{ status(code: number): { send(body: object): void } }>();
          response.status(error.getStatus()).send({ userId: session?.userId });
        },
      });
    });
    const answers = [
      await app.send('/nowhere', { cookie }),
      await app.send('/login', { method: 'POST', cookie, body: '{' }),
    ];
    expect(answers.map(({ status, body }) => [status, JSON.parse(body) as unknown])).toEqual([
      [404, { userId: 43 }],
      [400, { userId: 44 }],
    ]);
    expect(await app.stored()).toEqual({ [String(cookie)]: { userId: 44 } });
  });

  it('SE4 what a guard enters with AsyncLocalStorage lasts', async () => {
    await start();
    expect((await app.send('/who', { cookie, headers: { 'x-who': 'grace' } })).body).toBe('grace');
  });

  it('SE5 while Redis is down the first touch throws, and who does not touch it is served', async () => {
    await start({ saveEveryRequest: true }, () => undefined);
    const paths = [
      ['/home', 200],
      ['/used', 200],
      ['/read', 503],
      ['/guarded', 503],
    ] as const;
    for (const [path, status] of paths) {
      faults.failNext({ times: 1 });
      // the middleware of the module looks as well, and goes on
      const answer = await app.send(path, { cookie });
      expect([path, answer.status, answer.setCookies]).toEqual([path, status, []]);
      expect(seen).toEqual({ consumer: 'CODEX_REDIS_CONNECTION' });
    }
    expect((await app.send('/read', { cookie })).body).toBe('42');
  });

  it("SE5 with 'declared' too, where the guard or loadSession loads it", async () => {
    for (const isMiddleware of [false, true]) {
      await start({ load: 'declared', saveEveryRequest: true }, (nest) => {
        if (isMiddleware) nest.use(loadSession);
      });
      for (const [path, status] of [
        ['/used', 200],
        ['/read', 503],
      ] as const) {
        faults.failNext({ times: 2 });
        const answer = await app.send(path, { cookie });
        expect([path, answer.status, answer.setCookies]).toEqual([path, status, []]);
        faults.clear();
        expect((await app.send(path)).status).toBe(200);
      }
      expect((await app.send('/read', { cookie })).body).toBe('42');
      if (!isMiddleware) await app.close();
    }
  });

  it('SE3 an excluded path has no session, costs nothing and gets no header', async () => {
    await start({ exclude: ['health', { path: 'assets/{*path}', method: RequestMethod.GET }] }, (nest) => {
      nest.setGlobalPrefix('api', { exclude: ['login'] });
      useInMain(nest);
    });
    for (const path of ['/api/health?at=1', '/health', '/api/assets/a/b.css', '/assets/logo.svg'])
      for (const presented of [cookie, 'malformed']) {
        const answer = await app.send(path, { cookie: presented });
        if (path.startsWith('/api/health')) expect(answer.body).toBe('undefined');
        expect([answer.setCookies, answer.headers['vary'], seen['main']]).toEqual([[], undefined, undefined]);
      }
    expect(calls).toEqual([]);
    await app.send('/api/home', { cookie });
    expect(calls).toEqual(['get']);
  });

  it('SE3 a handler with a session parameter on an excluded path is refused at start', async () => {
    await start();
    const refused = startApp(platform, {
      controllers: [PagesController],
      session: { exclude: ['re{*rest}'] },
    });
    await expect(refused).rejects.toThrow(/PagesController\.read .*\/read.*session\.exclude/);
  });

  it('SE3 it is refused below a path that RouterModule gives its module too', async () => {
    @Module({ controllers: [PagesController] })
    class PagesModule {}
    await start();
    const refused = startApp(platform, {
      imports: [PagesModule, RouterModule.register([{ path: 'shop', module: PagesModule }])],
      session: { exclude: ['shop/read'] },
    });
    await expect(refused).rejects.toThrow(/PagesController\.read .*\/shop\/read.*session\.exclude/);
  });

  it.each([
    ['assets/{*path', /session\.exclude has the path assets\/\{\*path, which cannot be read/],
    [
      { path: 'pl?in', method: RequestMethod.GET },
      /session\.exclude has the path pl\?in, which cannot be read/,
    ],
    [
      JSON.parse('{"path":"plain","method":99}') as SessionRoute,
      /session\.exclude must be an array of paths/,
    ],
  ])('SE3 a route that no request could be matched with is refused at start: %j', async (route, message) => {
    await start();
    await expect(startApp(platform, { session: { exclude: [route] } })).rejects.toThrow(message);
  });

  it('SE7 a skipped handler changes nothing and gets no header', async () => {
    await start({ saveEveryRequest: true }, () => undefined);
    for (const presented of [cookie, undefined, 'a'.repeat(32)]) {
      const answer = await app.send('/skipped', { cookie: presented });
      expect([answer.status, answer.setCookies, answer.headers['vary']]).toEqual([200, [], undefined]);
    }
    // an unknown key costs that of its trace
    expect(calls).toEqual(['get', 'get', 'get']);
    expect(await app.stored()).toEqual({ [String(cookie)]: { userId: 42 } });
  });

  it("SE6 SE7 with 'declared' nothing is loaded for a handler without a session", async () => {
    await start({ load: 'declared' }, () => undefined);
    for (const path of ['/home', '/skipped']) await app.send(path, { cookie });
    expect([seen, calls]).toEqual([{ consumer: 'CODEX_REDIS_SESSION_STATE' }, []]);
    for (const path of ['/read', '/used']) await app.send(path, { cookie });
    expect(calls).toEqual(['get', 'get']);
  });

  it.each(platform === 'fastify' ? ['middleware', 'hook'] : ['middleware'])(
    "SE6 with 'declared' loadSession serves as a %s",
    async (kind) => {
      await start({ load: 'declared' }, (nest) => {
        if (kind === 'middleware') nest.use(loadSession);
        else (nest.getHttpAdapter().getInstance() as Hooked).addHook('onRequest', loadSession);
        useInMain(nest);
      });
      await app.send('/home', { cookie });
      // middleware comes after the hooks
      expect(seen).toMatchObject(all(42, kind === 'hook' ? everywhere : ['main', 'consumer']));
      expect(calls).toEqual(['get']);
    },
  );

  it('SE10 while sessions are off, a handler that asks for one is refused at start; Nest’s own @Session() is not', async () => {
    @Controller()
    class UsingController {
      @UseSession() @Get() using(): void {}
    }
    @Controller()
    class NestController {
      @Get() own(@NestSession() session: unknown): string {
        return String(session);
      }
    }
    await start();
    for (const controller of [PagesController, UsingController])
      await expect(startApp(platform, { controllers: [controller], sessionsOff: true })).rejects.toThrow(
        /Controller\.(login|using) asks for a session.*PROJECT_NAME and SECRET_KEY.*session: \{\}/,
      );
    const served = await startApp(platform, { controllers: [NestController], sessionsOff: true });
    expect((await served.send('/')).body).toBe('undefined');
    await served.close();
  });

  it('SX17 an invalid reason phrase throws at the caller, also where the response has to wait', async () => {
    await start({}, () => undefined);
    const answer = await app.send('/reason', { cookie });
    expect([answer.status, answer.reason, answer.body]).toEqual([200, 'Fine', 'ERR_INVALID_CHAR']);
    expect(await app.stored()).toEqual({ [String(cookie)]: { userId: 44 } });
  });

  if (platform === 'express')
    it('SE29 express-session is refused at start', async () => {
      await start();
      // as the package has it: by its name, and by what it gives to requests
      const session = (req: Carrier & { sessionStore?: object }, _: unknown, next: () => void): void => {
        req.sessionStore = {};
        next();
      };
      const refused = startApp(platform, { prepare: (nest) => void nest.use(session) });
      await expect(refused).rejects.toThrow(/express-session gives requests a session as well/);
    });

  it('SE1 also under NestFactory', async () => {
    await start();
    const adapter: AbstractHttpAdapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const shop = CodexRedisModule.forRoot({
      url: 'memory:',
      projectName: 'shop',
      secretKey: SECRET_KEY,
      session: { cookie: { name: 'sessionid' } },
    });
    @Module({ imports: [shop, MiddlewareModule], controllers: [PagesController] })
    class AppModule {}
    const nest = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
    useInMain(nest);
    await nest.listen(0, '127.0.0.1');
    const { port } = (nest.getHttpServer() as { address(): AddressInfo }).address();
    const key = keyFrom(await request(port, '/login', { method: 'POST' }));
    seen = {};
    await request(port, '/nowhere', { cookie: key });
    expect(seen).toMatchObject(all(42, everywhere.slice(0, -1)));
    await nest.close();
  });
});
