import { Controller, Get, Req } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';

interface Carrier {
  session?: Session<{ visits: number }> | null;
}

/** What an attempt to end the session in a wrong way gives. */
const attempt = (request: Carrier, end: (request: Carrier) => void): string[] => {
  let refusal = 'none';
  try {
    end(request);
  } catch (error) {
    refusal = (error as Error).name;
  }
  return [refusal, String(request.session?.increment('visits'))];
};

const remove = (request: Carrier): void => {
  delete request.session;
};

const assign = (request: Carrier): void => {
  request.session = null;
};

@Controller()
class WrongLogoutController {
  @Get('visit') visit(@Req() request: Carrier): string[] {
    return attempt(request, () => undefined);
  }

  @Get('delete') remove(@Req() request: Carrier): string[] {
    return attempt(request, remove);
  }

  @Get('null') assign(@Req() request: Carrier): string[] {
    return attempt(request, assign);
  }

  @Get('visit-and-delete') visitFirst(@Req() request: Carrier): string[] {
    attempt(request, () => undefined);
    return attempt(request, remove);
  }

  @Get('behind') behind(@Req() request: Carrier): string[] {
    return attempt(Object.create(request) as Carrier, remove);
  }
}

type Middleware = (request: Carrier, response: unknown, next: () => void) => void;

describe.each(PLATFORMS)('A session that is deleted from its request, on %s', (platform) => {
  let app: TestApp;
  let cookie: string;
  const seen: string[][] = [];

  const start = async (...middleware: Middleware[]): Promise<void> => {
    app = await startApp(platform, {
      controllers: [WrongLogoutController],
      prepare: (nest) => middleware.forEach((each) => nest.use(each)),
    });
    cookie = keyFrom(await app.send('/visit'))!;
  };

  const ask = async (path: string, presented: string | undefined = cookie): Promise<unknown> =>
    JSON.parse((await app.send(path, { cookie: presented })).body) as unknown;

  beforeEach(() => void (seen.length = 0));

  afterEach(() => app.close());

  it('SE23 `delete request.session` is refused as `= null` is, and the session goes on', async () => {
    await start();
    expect(await ask('/delete')).toEqual(['TypeError', '2']);
    expect(await ask('/null')).toEqual(['TypeError', '3']);
    expect(await ask('/visit')).toEqual(['none', '4']);
    // what inherits from the request has the session and nothing to delete
    expect(await ask('/behind')).toEqual(['none', '5']);
    expect(Object.values(await app.stored())).toEqual([{ visits: 5 }]);
  });

  it('SE23 it is refused in a session that the request itself made', async () => {
    await start();
    expect(await ask('/visit-and-delete', '')).toEqual(['TypeError', '2']);
  });

  it('SE23 it is refused in middleware', async () => {
    await start((request, _response, next) => {
      seen.push(attempt(request, remove));
      next();
    });
    expect(await ask('/visit')).toEqual(['none', '4']);
    expect(seen.at(-1)).toEqual(['TypeError', '3']);
  });
});

describe('A session that is deleted in an application within another', () => {
  const within = async (outer: 'express' | 'fastify', inner: 'express' | 'fastify'): Promise<void> => {
    const mounted = await startApp(inner, {
      controllers: [WrongLogoutController],
      session: { cookie: { name: 'inner' } },
      adapter: () => (inner === 'express' ? new ExpressAdapter() : new FastifyAdapter()),
    });
    const instance: unknown = mounted.app.getHttpAdapter().getInstance();
    const handler = inner === 'express' ? instance : (instance as { routing: unknown }).routing;
    const app = await startApp(outer, {
      controllers: [WrongLogoutController],
      prepare: (nest) => void nest.use('/inner', handler),
    });
    const visited = await app.send('/inner/visit');
    const header = [await app.send('/visit'), visited].flatMap(({ setCookies }) =>
      setCookies.map((each) => each.split(';', 1).join('')),
    );
    const asked = async (path: string): Promise<unknown> =>
      JSON.parse((await app.send(path, { headers: { cookie: header.join('; ') } })).body) as unknown;
    expect(await asked('/inner/delete')).toEqual(['TypeError', '2']);
    expect(await asked('/inner/visit')).toEqual(['none', '3']);
    expect(await asked('/delete')).toEqual(['TypeError', '2']);
    await app.close();
    await mounted.close();
  };

  it.each([
    ['express', 'express'],
    ['express', 'fastify'],
    ['fastify', 'express'],
  ] as const)('SE23 SE28 each has its own, and none can be deleted: %s, within it %s', within);
});
