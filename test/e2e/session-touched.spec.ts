import {
  type ArgumentsHost,
  BadRequestException,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  RequestMethod,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import { loadSession } from '../../lib/session-http/nest/load-session.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { Faults } from '../../lib/testing/faults.js';
import { PLATFORMS, SECRET_KEY, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom, request } from '../support/http-request.js';
import { recorded } from '../support/sessions.js';

type Own = Session<{ userId: number }>;

interface Carrier {
  readonly session?: Own;
  readonly headers: Readonly<Record<string, string>>;
}

interface Reply {
  status(code: number): { send(body: string): void };
}

const requestOf = (host: ArgumentsHost): Carrier => host.switchToHttp().getRequest<Carrier>();

class TouchingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return requestOf(context).session?.userId !== 0;
  }
}

@Catch(HttpException)
class TouchingFilter implements ExceptionFilter {
  catch(_exception: HttpException, host: ArgumentsHost): void {
    const { userId } = requestOf(host).session!;
    host.switchToHttp().getResponse<Reply>().status(400).send(`no page for ${userId}`);
  }
}

const who = new AsyncLocalStorage<string>();

class ContextGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    who.enterWith(String(requestOf(context).headers['x-who']));
    return true;
  }
}

@Controller()
class PagesController {
  @Post('login') login(@Session() session: Own): void {
    session.userId = 42;
  }

  @Get('home') home(): string {
    return 'home';
  }

  @UseGuards(TouchingGuard) @Get('guard') guard(): string {
    return 'guard';
  }

  @Get('parameter') parameter(@Session('userId') userId: number): string {
    return String(userId);
  }

  @UseFilters(TouchingFilter) @Get('filter') filter(): void {
    throw new BadRequestException();
  }

  @UseGuards(ContextGuard) @Get('who') who(): string | undefined {
    return who.getStore();
  }
}

/** What each place saw of the session. */
let seen: Record<string, unknown> = {};

const look =
  (place: string) =>
  ({ session }: Carrier, _response: unknown, next: () => void): void => {
    seen[place] = session?.userId;
    next();
  };

/** Touches the session of requests that name the place. */
const touchIn =
  (place: string) =>
  ({ session, headers }: Carrier, _response: unknown, next: () => void): void => {
    if (headers['x-touched'] === place) seen['touched'] = session?.userId;
    next();
  };

interface Fastify {
  addHook(name: 'onRequest', hook: unknown): void;
  register(plugin: (instance: Fastify) => Promise<void>): void;
}

const modules = {
  consumer: [look('consumer')],
  touching: [touchIn('consumer')],
  loading: [loadSession, look('loaded')],
};

const moduleWith = (name: keyof typeof modules): new () => NestModule => {
  @Module({})
  class MiddlewareModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(...modules[name]).forRoutes('{*path}');
    }
  }
  return MiddlewareModule;
};

describe.each(PLATFORMS)('A session and all that touches it, on %s', (platform) => {
  const faults = new Faults();
  let app: TestApp;
  let calls: string[];
  let cookie: string | undefined;

  const start = async (
    session: SessionOptions,
    { middleware, prefix }: { middleware?: keyof typeof modules; prefix?: string } = {},
  ): Promise<void> => {
    app = await startApp(platform, {
      controllers: [PagesController],
      imports: middleware === undefined ? [] : [moduleWith(middleware)],
      session,
      prepare: (nest) => {
        if (prefix !== undefined) nest.setGlobalPrefix(prefix);
        if (middleware === 'touching') nest.use(touchIn('main'));
      },
      wrapStore: (store) => {
        const recording = recorded(store);
        ({ calls } = recording);
        return faults.wrap(recording.store);
      },
    });
    const path = prefix === undefined ? '/login' : `/${prefix}/login`;
    cookie = keyFrom(await app.send(path, { method: 'POST' }));
    calls.length = 0;
    seen = {};
  };

  afterEach(async () => {
    faults.clear();
    await app.close();
  });

  const outage = 'CODEX_REDIS_CONNECTION';

  it('SE5 while Redis is down each first touch answers 503, wherever it is, and the cookie stays', async () => {
    await start({ saveEveryRequest: true }, { middleware: 'touching' });
    for (const place of ['main', 'consumer', 'guard', 'parameter', 'filter']) {
      const path = ['main', 'consumer'].includes(place) ? '/home' : `/${place}`;
      faults.failNext();
      const failed = await app.send(path, { cookie, headers: { 'x-touched': place } });
      expect([place, failed.status, failed.setCookies]).toEqual([place, 503, []]);
      expect(failed.body).toContain(outage);
      // who has no cookie needs no Redis
      expect((await app.send(path)).status).toBe(path === '/filter' ? 400 : 200);
    }
    calls.length = 0;
    faults.failNext();
    const served = await app.send('/home', { cookie });
    expect([served.status, served.body, served.setCookies, calls]).toEqual([200, 'home', [], []]);
  });

  it("SE6 with 'always' loadSession does nothing", async () => {
    await start({}, { middleware: 'loading' });
    await app.send('/home', { cookie });
    expect([seen, calls]).toEqual([{ loaded: 42 }, ['get']]);
  });

  it("SE6 with 'declared' it serves in consumer.apply()", async () => {
    await start({ load: 'declared' }, { middleware: 'loading' });
    await app.send('/home', { cookie });
    expect([seen, calls]).toEqual([{ loaded: 42 }, ['get']]);
  });

  it('SE3 a route of one method is excluded for that method, with the global prefix too', async () => {
    await start({ exclude: [{ path: 'home', method: RequestMethod.GET }] }, { prefix: 'api' });
    await app.send('/api/home', { cookie });
    expect(calls).toEqual([]);
    await app.send('/api/home', { cookie, method: 'POST' });
    await app.send('/api/home/of', { cookie });
    expect(calls).toEqual(['get', 'get']);
  });

  it('SE4 what a guard enters lasts on a connection that is kept alive, too', async () => {
    await start({});
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (name: string, key: string | undefined): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = { 'x-who': name, ...(key !== undefined && { cookie: `sessionid=${key}` }) };
        httpRequest({ host: '127.0.0.1', port: app.port, path: '/who', agent, headers })
          .on('error', reject)
          .on('response', (response) => void text(response).then(resolve, reject))
          .end();
      });
    expect(await ask('ada', undefined)).toBe('ada');
    expect(await ask('grace', cookie)).toBe('grace');
    expect(await ask('mallory', 'u'.repeat(32))).toBe('mallory');
    agent.destroy();
  });

  it('SE1 is loaded whatever comes first: modules before this one, hooks and plugins of main.ts', async () => {
    await start({});
    const shop = CodexRedisModule.forRoot({
      url: 'memory:',
      projectName: 'shop',
      secretKey: SECRET_KEY,
      session: { cookie: { name: 'sessionid' } },
    });
    @Module({ imports: [shop] })
    class InnerModule {}
    @Module({ imports: [moduleWith('consumer'), InnerModule], controllers: [PagesController] })
    class AppModule {}
    const adapter: AbstractHttpAdapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const nest = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false });
    const places = ['consumer', 'main'];
    if (platform === 'fastify') {
      const instance = adapter.getInstance<Fastify>();
      instance.addHook('onRequest', look('hook'));
      // not encapsulated, as most plugins are
      const plugin = Object.assign(
        (scope: Fastify): Promise<void> => {
          scope.addHook('onRequest', look('plugin'));
          return Promise.resolve();
        },
        { [Symbol.for('skip-override')]: true },
      );
      instance.register(plugin);
      places.push('hook', 'plugin');
    }
    nest.use(look('main'));
    await nest.listen(0, '127.0.0.1');
    const { port } = (nest.getHttpServer() as { address(): AddressInfo }).address();
    const key = keyFrom(await request(port, '/login', { method: 'POST' }));
    seen = {};
    await request(port, '/home', { cookie: key });
    expect(seen).toEqual(Object.fromEntries(places.map((place) => [place, 42])));
    await nest.close();
  });
});
