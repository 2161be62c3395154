import {
  Controller,
  Get,
  type INestApplication,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestMiddleware,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express, { type Express } from 'express';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { expressSession, type SessionMiddleware } from '../support/express-session/express-session.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { request } from '../support/http-request.js';

/** Hides the function by which express-session is known. */
const hidden = (): SessionMiddleware => {
  const session = expressSession();
  return (incoming, response, next) => session(incoming, response, next);
};

@Controller()
class PagesController {
  @Get('home') home(): string {
    return 'home';
  }

  @Get('legacy/home') legacy(): string {
    return 'legacy';
  }
}

const moduleWith = (...middleware: (SessionMiddleware | Type)[]): Type => {
  @Module({})
  class ApplyingModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer
        .apply((_request: unknown, _response: unknown, next: () => void) => next())
        .forRoutes('*path')
        .apply(...middleware)
        .forRoutes('*path');
    }
  }
  return ApplyingModule;
};

@Injectable()
class SessionMiddlewareClass implements NestMiddleware {
  readonly use = expressSession();
}

const instanceOf = <T>(app: INestApplication): T => app.getHttpAdapter().getInstance() as T;

const EXPRESS_SESSION = /express-session gives requests a session as well/;
const DECORATOR = /Another Fastify plugin \(such as @fastify\/session\) gives requests a session as well/;

describe.each(PLATFORMS)('A session of another kind on the same property, on %s', (platform) => {
  let app: TestApp | undefined;

  const start = async (options: AppOptions): Promise<TestApp> =>
    (app = await startApp(platform, { controllers: [PagesController], ...options }));

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const REFUSED_EVERYWHERE: Readonly<Record<string, AppOptions>> = {
    'in main.ts': { prepare: (nest) => void nest.use(expressSession()) },
    'in main.ts, below a path': { prepare: (nest) => void nest.use('/legacy', expressSession()) },
    'in main.ts, among others': {
      prepare: (nest) =>
        void nest.use([(_q: unknown, _s: unknown, next: () => void) => next(), expressSession()]),
    },
    'applied by a module': { imports: [moduleWith(expressSession())] },
    'applied by a module, as a class': { imports: [moduleWith(SessionMiddlewareClass)] },
  };

  const on = {
    express: {
      'in a router of main.ts': {
        prepare: (nest) => void nest.use(express.Router().use('/legacy', expressSession())),
      },
      'in an application that is mounted': {
        prepare: (nest) => {
          const legacy = express();
          nest.use('/legacy', legacy);
          legacy.use(expressSession());
        },
      },
      'before Nest gets the Express': {
        adapter: () => new ExpressAdapter(express().use(expressSession())),
      },
      'on the Express itself': { prepare: (nest) => void instanceOf<Express>(nest).use(expressSession()) },
    },
    fastify: {},
  } satisfies Record<string, Readonly<Record<string, AppOptions>>>;

  it.each(Object.entries({ ...REFUSED_EVERYWHERE, ...on[platform] }))(
    'SE29 express-session is refused at start: %s',
    async (_where, options) => {
      await expect(start(options)).rejects.toThrow(EXPRESS_SESSION);
    },
  );

  it('SE29 cookie-session is refused at start', async () => {
    const cookieSession = { _cookieSession: (_q: unknown, _s: unknown, next: () => void) => next() };
    const { _cookieSession: middleware } = cookieSession;
    const refused = /cookie-session gives requests a session as well/;
    await expect(start({ prepare: (nest) => void nest.use(middleware) })).rejects.toThrow(refused);
    await expect(start({ imports: [moduleWith(middleware)] })).rejects.toThrow(refused);
  });

  it('SE29 the caller that awaits the start gets the refusal, not the one that adds it', async () => {
    const added = start({
      prepare: (nest) => {
        expect(() => nest.use(expressSession())).not.toThrow();
      },
    });
    await expect(added).rejects.toThrow(EXPRESS_SESSION);
  });

  const HIDDEN: Readonly<Record<string, AppOptions>> = {
    'in a function of main.ts': { prepare: (nest) => void nest.use(hidden()) },
    'in a function of main.ts, below a path': { prepare: (nest) => void nest.use('/legacy', hidden()) },
    'in a function that a module applies': { imports: [moduleWith(hidden())] },
  };

  it.each(Object.entries(HIDDEN))('SE29 it is refused at its first request: %s', async (where, options) => {
    await start(options);
    // however many requests came before to paths that it is not for
    if (where.includes('path'))
      for (let time = 0; time < 150; time += 1) expect((await app?.send('/home'))?.status).toBe(200);
    for (const cookie of [undefined, 'a'.repeat(32), undefined])
      expect((await app?.send('/legacy/home', { cookie }))?.status).toBe(500);
  });

  if (platform === 'express') {
    it('SE29 it is refused at the first request where it was added after the start', async () => {
      const legacy = express();
      await start({ prepare: (nest) => void nest.use('/legacy', legacy) });
      legacy.use(expressSession());
      expect((await app?.send('/legacy/home'))?.status).toBe(500);
      expect((await app?.send('/home'))?.status).toBe(500);
    });

    it('SE29 a request that comes with one is refused, but for excluded paths', async () => {
      const instance = express();
      const around = express().use(expressSession()).use(instance);
      await start({
        adapter: () => new ExpressAdapter(instance),
        session: { exclude: ['legacy/{*path}'] },
      });
      const server = around.listen(0, '127.0.0.1');
      try {
        await new Promise((resolve) => server.once('listening', resolve));
        const { port } = server.address() as { port: number };
        expect((await request(port, '/home')).status).toBe(500);
        expect((await request(port, '/home')).status).toBe(500);
        expect((await request(port, '/legacy/home')).body).toBe('legacy');
      } finally {
        server.close();
      }
    });
  } else {
    const plugin = async (instance: FastifyInstance): Promise<void> => {
      await Promise.resolve();
      instance.decorateRequest('session', null as never);
    };
    const PLUGINS: Readonly<Record<string, AppOptions>> = {
      'a plugin of main.ts': {
        prepare: async (nest) => {
          await instanceOf<FastifyInstance>(nest).register(fastifyPlugin(plugin));
        },
      },
      'a plugin that is not awaited': {
        prepare: (nest) => {
          instanceOf<FastifyInstance>(nest).register(fastifyPlugin(plugin));
        },
      },
      'a plugin with a context of its own': {
        prepare: (nest) => {
          instanceOf<FastifyInstance>(nest).register(plugin);
        },
      },
      'a decorator of main.ts': {
        prepare: (nest) => {
          instanceOf<FastifyInstance>(nest).decorateRequest('session', null as never);
        },
      },
      'a decorator before Nest gets the Fastify': {
        adapter: () => {
          const adapter = new FastifyAdapter();
          adapter.getInstance().decorateRequest('session', null as never);
          return adapter;
        },
      },
      'a plugin before Nest gets the Fastify': {
        adapter: () => {
          const adapter = new FastifyAdapter();
          void adapter.getInstance().register(fastifyPlugin(plugin));
          return adapter;
        },
      },
    };

    it.each(Object.entries(PLUGINS))('SE29 a decorator is refused at start: %s', async (_where, options) => {
      await expect(start(options)).rejects.toThrow(DECORATOR);
    });
  }
});
