import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Header,
  Logger,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Param,
  Req,
  Res,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { inspect } from 'node:util';
import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import { loadSession } from '../../lib/session-http/nest/load-session.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SessionInterceptor } from '../../lib/session-http/nest/session.interceptor.js';
import { COOKIE, PLATFORMS, SECRET_KEY, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom, parsedCookie } from '../support/http-request.js';
import { storeWith } from '../support/sessions.js';

interface Reply {
  status(code: number): Reply;
  send(body: unknown): void;
}

/** Leaves a note in the session of a failed request, as a flash message does. */
@Catch()
class FlashFilter implements ExceptionFilter {
  catch(error: { status?: number; message: string }, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    http.getRequest<{ session: Session }>().session.set('flash', error.message);
    http
      .getResponse<Reply>()
      .status(error.status ?? 500)
      .send({ flashed: error.message });
  }
}

/** Ends or saves the session whose commit failed, as the query asks for. */
@Catch(SessionInterruptedError)
class MendingFilter implements ExceptionFilter {
  async catch(_: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const { session, query } = http.getRequest<{
      session: Session;
      query: { does: string; status: string };
    }>();
    if (query.does === 'flush') await session.flush();
    if (query.does === 'cycle') await session.cycleKey();
    if (query.does === 'cycle' || query.does === 'save') {
      session.set('mended', 1);
      await session.save();
    }
    http.getResponse<Reply>().status(Number(query.status)).send({});
  }
}

const unserializable = { id: 1n };

const BODIES: Readonly<Record<string, unknown>> = {
  object: { id: 1 },
  nothing: undefined,
  text: 'text',
  bytes: Buffer.from('bytes'),
  bigint: 10n,
  inside: unserializable,
  error: new Error('returned'),
  session: undefined,
};

@Controller()
class MishapsController {
  @Get('bigint') bigint(@Session() session: Session): object {
    session.set('n', 1);
    return unserializable;
  }

  @Get('body/:name') body(@Session() session: Session, @Param('name') name: string): unknown {
    session.set('n', 1);
    return name === 'session' ? session : BODIES[name];
  }

  @Header('Content-Type', 'text/plain') @Get('plain/:name') plain(
    @Session() session: Session,
    @Param('name') name: string,
  ): unknown {
    session.set('n', 1);
    return BODIES[name];
  }

  @UseFilters(MendingFilter) @Get('mend') mend(@Session() session: Session): string {
    session.set('n', 1);
    return 'saved';
  }

  @Get('cycled') async cycled(@Session() session: Session): Promise<string> {
    await session.cycleKey();
    await session.save();
    session.set('late', {});
    (session.get('late') as Record<string, unknown>)['at'] = new Date();
    return 'not JSON';
  }

  @Get('cycled-by-hand') async byHand(@Session() session: Session, @Res() response: Reply): Promise<void> {
    await this.cycled(session);
    response.send('not JSON');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(() => session.set('later', 1)).toThrow(/already committed/);
    await expect(session.save()).rejects.toThrow(/already committed/);
    done();
  }

  @Get('login-bigint') async login(@Session() session: Session): Promise<object> {
    await session.cycleKey();
    session.set('user', 1);
    return unserializable;
  }

  @Get('late/:what') late(
    @Session() session: Session,
    @Res() response: Reply,
    @Req() request: unknown,
  ): void {
    session.set('n', 1);
    response.send('done');
    const { what } = (request as { params: { what: 'destroy' | 'save' | 'cycleKey' | 'reload' } }).params;
    void session[what]();
  }

  @UseFilters(FlashFilter) @Get('interrupted') interrupted(@Session() session: Session): string {
    session.set('n', 1);
    return 'saved';
  }

  @UseFilters(FlashFilter) @Get('refused') refused(@Session() session: Session): string {
    session.set('n', 1);
    throw new BadRequestException('no');
  }

  @Get('logs') logs(
    @Session() session: Session,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): string {
    session.set('n', 1);
    return JSON.stringify(inspect([request, response], { depth: 8 }));
  }
}

const seen: unknown[] = [];
let done: () => void = () => undefined;

@UseGuards(SessionGuard)
@UseInterceptors(SessionInterceptor)
@Controller()
class ManualController {
  @Get('bigint') bigint(@Session() session: Session): object {
    session.set('n', 1);
    return unserializable;
  }
}

@Module({ controllers: [MishapsController] })
class MishapsModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    const look = (request: { session: Session }, _: unknown, next: () => void): void => {
      seen.push(request.session.get('n'));
      next();
    };
    consumer.apply(loadSession, look).forRoutes('seen/*path');
  }
}

describe.each(PLATFORMS)('Sessions and what goes wrong, on %s', (platform) => {
  let app: TestApp;
  let interrupts = false;

  beforeAll(async () => {
    app = await startApp(platform, {
      imports: [MishapsModule],
      wrapStore: (store) =>
        storeWith(store, {
          compareAndSet: (...args) =>
            interrupts ? Promise.resolve({ outcome: 'missing' }) : store.compareAndSet(...args),
        }),
    });
  });

  afterAll(() => app.close());
  afterEach(() => {
    interrupts = false;
  });

  const seed = async (): Promise<string> => {
    const session = await app.sessions.create();
    session.set('ok', 1);
    await app.sessions.save(session);
    return session.key!;
  };

  it('M8 a handler whose answer cannot be written has failed, and nothing is saved', async () => {
    const cookie = await seed();
    const before = Object.keys(await app.stored());
    expect(await app.send('/bigint', { cookie })).toMatchObject({ status: 500, setCookies: [] });
    expect(await app.send('/bigint')).toMatchObject({ status: 500, setCookies: [] });
    expect(Object.keys(await app.stored())).toEqual(before);
    expect((await app.stored())[cookie]).toEqual({ ok: 1 });
  });

  it('S21 a login whose answer cannot be written leaves the visitor as they were', async () => {
    const cookie = await seed();
    expect(await app.send('/login-bigint', { cookie })).toMatchObject({ status: 500, setCookies: [] });
    expect((await app.stored())[cookie]).toEqual({ ok: 1 });
  });

  it.each(['destroy', 'save', 'cycleKey', 'reload'])(
    'H5 an unawaited %s() after the response is warned of, and ends nothing',
    async (what) => {
      const unhandled = jest.fn();
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      process.on('unhandledRejection', unhandled);
      const cookie = await seed();
      expect((await app.send(`/late/${what}`, { cookie })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 20));
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
      expect(warn.mock.calls).toEqual([
        [expect.stringMatching(/^A request used its session after its response: The session was already/)],
      ]);
      warn.mockRestore();
      expect((await app.stored())[cookie]).toEqual({ ok: 1, n: 1 });
    },
  );

  it('M27 a filter may write to the session whose commit failed, in vain', async () => {
    const cookie = await seed();
    interrupts = true;
    const answer = await app.send('/interrupted', { cookie });
    const { message } = new SessionInterruptedError();
    expect(answer).toMatchObject({ status: 400, setCookies: [], body: JSON.stringify({ flashed: message }) });
    expect((await app.stored())[cookie]).toEqual({ ok: 1 });
  });

  it.each(Object.keys(BODIES).flatMap((name) => [`/body/${name}`, `/plain/${name}`]))(
    'M8 %s saves unless it answers 5xx',
    async (path) => {
      const cookie = await seed();
      const { status, setCookies } = await app.send(path, { cookie });
      const saved = status < 500;
      expect(setCookies).toHaveLength(saved ? 1 : 0);
      expect((await app.stored())[cookie]).toEqual(saved ? { ok: 1, n: 1 } : { ok: 1 });
    },
  );

  it.each([400, 500])(
    'M9 a filter that answers %d may end the session whose commit failed',
    async (status) => {
      const cookie = await seed();
      interrupts = true;
      const answer = await app.send(`/mend?does=flush&status=${status}`, { cookie });
      expect(answer.status).toBe(status);
      expect(await app.sessions.exists(cookie)).toBe(false);
      expect(parsedCookie(answer.setCookies[0]!)).toMatchObject({ value: '' });
    },
  );

  it('S21 a filter may move and save the session whose commit failed', async () => {
    const cookie = await seed();
    interrupts = true;
    const answer = await app.send('/mend?does=cycle&status=409', { cookie });
    expect(await app.sessions.exists(cookie)).toBe(false);
    expect((await app.stored())[keyFrom(answer)!]).toEqual({ ok: 1, n: 1, mended: 1 });
  });

  it.each(['/cycled', '/cycled-by-hand'])(
    'S21 %s gives the new key though the commit failed',
    async (path) => {
      const cookie = await seed();
      const ended = new Promise<void>((resolve) => (done = resolve));
      const answer = await app.send(path, { cookie });
      expect(answer.status).toBe(500);
      expect(await app.sessions.exists(cookie)).toBe(false);
      expect((await app.stored())[keyFrom(answer)!]).toEqual({ ok: 1 });
      if (path === '/cycled-by-hand') await ended;
    },
  );

  it("M8 so does SessionInterceptor's commit, with session.mount 'manual'", async () => {
    const manual = await startApp(platform, {
      session: { mount: 'manual' },
      controllers: [ManualController],
    });
    try {
      expect(await manual.send('/bigint')).toMatchObject({ status: 500, setCookies: [] });
      expect(await manual.stored()).toEqual({});
    } finally {
      await manual.close();
    }
  });

  it('M8 what a filter writes for a refused request is saved', async () => {
    const cookie = await seed();
    expect((await app.send('/refused', { cookie })).status).toBe(400);
    expect((await app.stored())[cookie]).toEqual({ ok: 1, n: 1, flash: 'no' });
  });

  it('shows no secret to who logs a request and its response', async () => {
    const cookie = await seed();
    const { body } = await app.send('/logs', { cookie });
    // not toContain(), which would print all of it
    expect(body.includes(COOKIE)).toBe(true);
    expect(body.includes(SECRET_KEY)).toBe(false);
  });

  it('H1 middleware after loadSession finds the session, at the price of the one command', async () => {
    const answer = await app.send('/late/save');
    seen.length = 0;
    await app.send('/seen/it', { cookie: keyFrom(answer)! });
    await app.send('/seen/it');
    expect(seen).toStrictEqual([1, undefined]);
  });
});
