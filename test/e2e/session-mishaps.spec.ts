import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Logger,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import { inspect } from 'node:util';
import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import { loadSession } from '../../lib/session-http/load-session.js';
import { Session } from '../../lib/session-http/session.decorator.js';
import { COOKIE, PLATFORMS, SECRET_KEY, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';
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

const unserializable = { id: 1n };

@Controller()
class MishapsController {
  @Get('bigint') bigint(@Session() session: Session): object {
    session.set('n', 1);
    return unserializable;
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
    expect(seen).toEqual([1, undefined]);
  });
});
