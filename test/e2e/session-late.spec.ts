import { jest } from '@jest/globals';
import {
  Controller,
  Get,
  Logger,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Param,
  Req,
  Res,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { UseSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { Faults } from '../../lib/testing/faults.js';
import type { Session } from '../../lib/session/object/session.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';

type Carrier = IncomingMessage & { session: Session<{ userId: number }> };

@Controller()
class PagesController {
  @UseSession() @Get('login') login(@Req() request: Carrier): void {
    request.session.userId = 42;
  }

  @Get('page/:id') page(@Param('id') id: string): string {
    return id;
  }

  /** Looks at the session between the first byte and the last. */
  @UseSession() @Get('between') between(@Req() request: Carrier, @Res() reply: RawReply): void {
    if ('hijack' in reply) reply.hijack();
    const response = 'raw' in reply ? reply.raw : reply;
    response.write('first, ');
    const { userId } = request.session;
    let refused = false;
    try {
      request.session.userId = 43;
    } catch {
      refused = true;
    }
    setImmediate(() => {
      request.session.keys();
      response.end(JSON.stringify({ userId, refused }));
    });
  }

  @UseSession() @Get('read') read(@Req() request: Carrier): number | undefined {
    return request.session.userId;
  }
}

/** What `@Res()` gives on either platform. */
type RawReply = ServerResponse | { readonly raw: ServerResponse; hijack(): void };

let read: Promise<unknown>;

const accessLog = (request: Carrier, response: ServerResponse, next: () => void): void => {
  read = new Promise((resolve) => {
    response.once('finish', () => {
      let refusal: unknown;
      try {
        request.session.userId = 43;
      } catch (error) {
        refusal = error;
      }
      resolve({ userId: request.session.userId, names: request.session.keys(), refusal });
    });
  });
  next();
};

/** The line of a refused write's stack that follows its message and those of the module. */
const callerOf = (late: unknown): string | undefined => {
  const { stack = '' } = (late as { refusal: Error }).refusal;
  return stack.split('\n').find((line) => line.trim().startsWith('at ') && !/[\\/]lib[\\/]/.test(line));
};

@Module({})
class LogModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(accessLog).forRoutes('{*path}');
  }
}

const settings = PLATFORMS.flatMap((platform) =>
  (['always', 'declared'] as const).map((load) => [platform, load] as const),
);

describe.each(settings)(
  'A session that is used when its response has left, on %s, loaded %s',
  (platform, load) => {
    const faults = new Faults();
    let app: TestApp;
    let key: string | undefined;
    const warnings: unknown[] = [];

    beforeAll(async () => {
      jest.spyOn(Logger.prototype, 'warn').mockImplementation((message) => warnings.push(message));
      app = await startApp(platform, {
        controllers: [PagesController],
        session: { load },
        imports: [LogModule],
        prepare: (nest) => nest.useLogger(['warn']),
        wrapStore: (store) => faults.wrap(store),
      });
      key = keyFrom(await app.send('/login'));
    });

    beforeEach(() => {
      warnings.length = 0;
    });

    afterAll(async () => {
      jest.restoreAllMocks();
      await app.close();
    });

    it.each(['nobody', 'a visitor', 'an unknown visitor'])(
      'SE8 a look at the session in the middle of an answer, by %s',
      async (who) => {
        const cookie = { nobody: undefined, 'a visitor': key, 'an unknown visitor': 'x'.repeat(32) }[who];
        const userId = who === 'a visitor' ? { userId: 42 } : {};
        const { status, body } = await app.send('/between', { cookie });
        expect([status, body]).toEqual([200, `first, ${JSON.stringify({ ...userId, refused: true })}`]);
        expect((await app.send('/page/1')).body).toBe('1');
      },
    );

    it('SE8 an access log reads what was loaded', async () => {
      await app.send('/read', { cookie: key });
      expect(await read).toMatchObject({ userId: 42, names: ['userId'] });
      expect(warnings).toEqual([]);
    });

    it('SE8 it reads nothing where nothing was loaded, with one warning for each route; a write throws', async () => {
      for (const path of ['/page/1', '/page/2', '/nowhere', '/elsewhere']) {
        // always loaded, it is missing only where Redis was down
        if (load === 'always') faults.failNext();
        await app.send(path, { cookie: key });
        expect(await read).toEqual({
          userId: undefined,
          names: [],
          refusal: expect.objectContaining({ code: 'CODEX_REDIS_SESSION_STATE' }) as unknown,
        });
        expect(callerOf(await read)).toContain('session-late.spec');
      }
      expect(warnings).toEqual([
        expect.stringContaining('/page/:id') as unknown,
        expect.stringContaining(platform === 'express' ? 'no route' : 'read after its response') as unknown,
      ]);
    });
  },
);
