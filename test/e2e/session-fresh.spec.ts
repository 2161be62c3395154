import { Controller, Get, Post } from '@nestjs/common';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { RequiresFreshSession } from '../../lib/session-http/nest/fresh-session.decorator.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SkipSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { Faults } from '../../lib/testing/faults.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { Browser } from '../support/browser.js';
import type { Answer } from '../support/http-request.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';

const MINUTE = 60_000;

@Controller()
class AccountController {
  @Post('login') async login(@Session() session: Session): Promise<void> {
    await session.signIn(7);
  }

  @Post('other') async other(@Session() session: Session): Promise<void> {
    await session.signIn(8);
  }

  @Post('visit') visit(@Session() session: Session): void {
    session['visits'] = 1;
  }

  @Post('rotate') async rotate(@Session() session: Session): Promise<void> {
    await session.cycleKey();
  }

  @Post('confirm') confirm(@Session() session: Session): void {
    session.confirm();
  }

  @Get('home') home(@Session() session: Session): object {
    return { user: session['_auth_user_id'] ?? null };
  }
}

@RequiresFreshSession('1h')
@Controller()
class PaymentController {
  @RequiresFreshSession('10m')
  @Get('pay')
  pay(): string {
    return 'paid';
  }

  @Get('orders') orders(): string {
    return 'orders';
  }

  @SkipSession()
  @Get('skipped')
  skipped(): string {
    return 'skipped';
  }
}

describe.each(PLATFORMS)('@RequiresFreshSession on %s', (platform) => {
  const faults = new Faults();
  let app: TestApp;
  let clock: TestClock;
  let browser: Browser;

  const start = async (session: SessionOptions = {}, options: AppOptions = {}): Promise<void> => {
    clock = new TestClock();
    app = await startApp(platform, {
      controllers: [AccountController, PaymentController],
      clock,
      session,
      wrapStore: (store) => faults.wrap(store),
      ...options,
    });
    browser = new Browser((path, request) => app.send(path, request));
  };

  afterEach(async () => {
    faults.clear();
    await app.close();
  });

  const send = (method: string, path: string): Promise<Answer> => browser.visit(path, { method });

  const status = async (path: string): Promise<number> => (await send('GET', path)).status;

  it('US11 403 with its code when the last sign-in is older, whatever was done since', async () => {
    await start();
    await send('POST', '/login');
    clock.advance(10 * MINUTE);
    expect(await status('/pay')).toBe(200);
    clock.advance(1);
    await send('POST', '/visit');
    await send('POST', '/rotate');
    const answer = await send('GET', '/pay');
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      403,
      {
        statusCode: 403,
        code: 'CODEX_REDIS_SESSION_STALE',
        message: 'The last sign-in or confirmation of this session is too long ago. Confirm it again.',
      },
    ]);
    expect(JSON.parse((await send('GET', '/home')).body)).toEqual({ user: '7' });
  });

  it('US11 a sign-in by a clock that was ahead is not fresh until that time has come', async () => {
    await start();
    clock.advance(24 * 60 * MINUTE);
    await send('POST', '/login');
    clock.advance(-MINUTE);
    expect(await status('/pay')).toBe(200);
    clock.advance(-23 * 60 * MINUTE);
    expect(await status('/pay')).toBe(403);
  });

  it('US11 a confirmation lets in again', async () => {
    await start();
    await send('POST', '/login');
    clock.advance(11 * MINUTE);
    expect(await status('/pay')).toBe(403);
    await send('POST', '/confirm');
    expect(await status('/pay')).toBe(200);
    clock.advance(10 * MINUTE + 1);
    expect(await status('/pay')).toBe(403);
  });

  it('US11 another sign-in of the same user lets in again; so does one of another user', async () => {
    await start();
    await send('POST', '/login');
    for (const path of ['/login', '/other']) {
      clock.advance(11 * MINUTE);
      expect(await status('/pay')).toBe(403);
      await send('POST', path);
      expect(await status('/pay')).toBe(200);
    }
  });

  it('US11 the word of a handler counts more than its controller’s', async () => {
    await start();
    await send('POST', '/login');
    clock.advance(30 * MINUTE);
    expect([await status('/pay'), await status('/orders')]).toEqual([403, 200]);
    clock.advance(31 * MINUTE);
    expect(await status('/orders')).toBe(403);
  });

  it('US11 a visitor is not let in, nor a user whom Django has logged in', async () => {
    await start();
    expect(await status('/pay')).toBe(403);
    await send('POST', '/visit');
    expect(await status('/pay')).toBe(403);
    const session = await app.sessions.create();
    session.set('_auth_user_id', '7');
    await session.save();
    expect((await app.send('/pay', { cookie: session.key! })).status).toBe(403);
  });

  it.each<SessionOptions>([{ load: 'declared' }, { absoluteTimeout: '1d', idleTimeout: '1h' }])(
    'US11 with %j too',
    async (options) => {
      await start(options);
      await send('POST', '/login');
      expect(await status('/pay')).toBe(200);
      clock.advance(11 * MINUTE);
      expect(await status('/pay')).toBe(403);
    },
  );

  it('US11 a handler that skips its session lets nobody in', async () => {
    await start();
    await send('POST', '/login');
    expect(await status('/skipped')).toBe(500);
  });

  it('US11 503 while Redis is down', async () => {
    await start();
    await send('POST', '/login');
    faults.failNext({ verbs: ['get'] });
    expect(await status('/pay')).toBe(503);
  });

  it('US11 is refused at start while sessions are off', async () => {
    await expect(start({}, { controllers: [PaymentController], sessionsOff: true })).rejects.toThrow(
      /PaymentController\.pay asks for a session, and sessions are off/,
    );
    await start();
  });

  it('US11 where no handler asks for it, a sign-in stores nothing of it', async () => {
    await start({}, { controllers: [AccountController] });
    await send('POST', '/login');
    const text = await app.store.get(app.storeKey(browser.cookie!));
    expect(Object.keys(app.sessions.decode(text!)).sort()).toEqual([
      '_auth_user_id',
      '_codex_cycled',
      '_codex_indexed',
    ]);
  });
});

describe('@RequiresFreshSession', () => {
  it.each([0, -1, '10', 'soon', null, undefined, Number.NaN])('US11 refuses %p', (age) => {
    expect(() => RequiresFreshSession(age as string)).toThrow(
      /@RequiresFreshSession\(\) takes seconds from 1/,
    );
  });
});
