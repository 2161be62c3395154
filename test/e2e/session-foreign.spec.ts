import { type ArgumentsHost, Controller, Get, Req } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import express, { type Express } from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom, request } from '../support/http-request.js';

const { version: nestVersion } = createRequire(import.meta.url)('@nestjs/core/package.json') as {
  version: string;
};

interface Carrier {
  session?: unknown;
  sessionID?: unknown;
}

/** Gives a request a session as express-session does where nobody recognizes it. */
const giveForeign = (carrier: Carrier): Carrier => {
  carrier.sessionID = 'theirs';
  carrier.session = { of: 'another' };
  return carrier;
};

@Controller()
class ShopController {
  @Get('visits')
  visits(@Session() session: Session<{ visits: number }>): number {
    return session.increment('visits');
  }

  @Get('assigned')
  assigned(@Req() carrier: Carrier): string {
    try {
      carrier.sessionID = 'theirs';
      return 'not refused';
    } catch (error) {
      return String(error);
    }
  }

  @Get('legacy/session')
  legacy(@Req() carrier: Carrier): unknown {
    return carrier.session ?? 'none';
  }

  @Get('legacy/given')
  given(@Req() carrier: Carrier): unknown[] {
    const { session, sessionID } = giveForeign(carrier);
    return [session, sessionID];
  }
}

const controllers = [ShopController];

/** An Express of the application's own that answers with the session its middleware gives. */
const legacyApplication = (): Express =>
  express()
    .use((incoming, _response, next) => {
      (incoming as Carrier).session = { of: 'another' };
      next();
    })
    .get('/', (incoming, response) => {
      response.json((incoming as Carrier).session ?? 'none');
    });

describe('A session of another kind where this module gives none', () => {
  let app: TestApp;
  let server: Server | undefined;

  afterEach(async () => {
    await app.close();
    server?.close();
    server = undefined;
  });

  const visitor = async (): Promise<string | undefined> => keyFrom(await app.send('/visits'));

  const listen = async (application: Express): Promise<number> => {
    server = createServer(application).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  it.each(PLATFORMS)(
    'is kept for an Express that a function calls, also for a visitor with a session: %s',
    async (platform) => {
      const legacy = legacyApplication();
      app = await startApp(platform, {
        controllers,
        prepare: (nest) =>
          void nest.use('/own', (incoming: express.Request, response: express.Response) => {
            legacy(incoming, response);
          }),
      });
      const cookie = await visitor();
      expect((await app.send('/own', { cookie })).body).toBe('{"of":"another"}');
      expect((await app.send('/own')).body).toBe('{"of":"another"}');
      expect((await app.send('/visits', { cookie })).body).toBe('2');
    },
  );

  it.each(PLATFORMS)('is kept with its id on an excluded path, also for a visitor: %s', async (platform) => {
    app = await startApp(platform, { controllers, session: { exclude: ['legacy/*path'] } });
    const cookie = await visitor();
    expect((await app.send('/legacy/given', { cookie })).body).toBe('[{"of":"another"},"theirs"]');
  });

  it('is kept on a path that only the application mounted in another excludes', async () => {
    const inner = express();
    const mounted = await startApp('express', {
      controllers,
      adapter: () => new ExpressAdapter(inner),
      session: { exclude: ['shop/legacy/*path'] },
    });
    app = await startApp('express', {
      controllers,
      prepare: (nest) => void nest.use('/shop', inner),
    });
    try {
      const cookie = await visitor();
      expect((await app.send('/shop/legacy/given', { cookie })).body).toBe('[{"of":"another"},"theirs"]');
    } finally {
      await mounted.close();
    }
  });

  // Nest 11 answers every other path with 404 itself, so nothing comes after it
  const itSinceNest12 = Number.parseInt(nestVersion, 10) < 12 ? it.skip : it;
  itSinceNest12('is kept by what comes after the application in an Express of the user', async () => {
    const inner = express();
    app = await startApp('express', {
      controllers,
      adapter: () => new ExpressAdapter(inner),
      prepare: (nest) => void nest.setGlobalPrefix('api'),
    });
    const port = await listen(express().use(inner).use(legacyApplication()));
    const cookie = keyFrom(await request(port, '/api/visits'));
    expect((await request(port, '/', { cookie })).body).toBe('{"of":"another"}');
  });

  it('is named where an Express that a function calls has taken the request of a handler', async () => {
    let message = '';
    const other = express();
    app = await startApp('express', {
      controllers,
      prepare: (nest) => {
        nest.use((incoming: express.Request, response: express.Response, next: express.NextFunction) => {
          other(incoming, response, next);
        });
        nest.useGlobalFilters({
          catch(error: Error, host: ArgumentsHost) {
            ({ message } = error);
            host.switchToHttp().getResponse<express.Response>().status(500).end();
          },
        });
      },
    });
    expect((await app.send('/visits')).status).toBe(500);
    expect(message).toContain('mount that application with app.use(path, application)');
  });

  it.each(PLATFORMS)('refuses to assign the key of a session of its own: %s', async (platform) => {
    app = await startApp(platform, { controllers });
    expect((await app.send('/assigned')).body).toMatch(/^TypeError: .*session\.cycleKey\(\)/);
  });
});

describe('A request that comes before the application has started', () => {
  it('leaves what session.exclude means with the global prefix as it is', async () => {
    const instance = express();
    const server = createServer(instance).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const app = await startApp('express', {
      controllers,
      adapter: () => new ExpressAdapter(instance),
      session: { exclude: ['legacy/session'] },
      prepare: async (nest) => {
        await request(port, '/api/legacy/session', { cookie: 'a'.repeat(32) });
        nest.setGlobalPrefix('api');
      },
    });
    try {
      const cookie = keyFrom(await app.send('/api/visits'));
      expect((await app.send('/api/legacy/session', { cookie })).body).toBe('none');
    } finally {
      server.close();
      await app.close();
    }
  });
});
