import { Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { Browser } from '../support/browser.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer } from '../support/http-request.js';

type Visitor = Session<{ cart: string[]; _auth_user_id: string }>;

interface Device {
  readonly handle: string;
  readonly current: boolean;
  readonly device: string | null;
}

/** A page of the devices of a user, as an application has it. */
@Controller()
class AccountController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('cart') cart(@Session() session: Visitor): void {
    session.cart = ['Emma'];
  }

  @Post('login/:device') async login(
    @Session() session: Visitor,
    @Param('device') device: string,
  ): Promise<void> {
    await session.signIn(7, device === 'unnamed' ? {} : { device });
  }

  /** Logs in, and out everywhere else. */
  @Post('login-alone') async loginAlone(@Session() session: Visitor): Promise<number> {
    await session.signIn(7);
    return this.sessions.endOfUser(7, { except: session });
  }

  @Get('me') me(@Session() session: Visitor): object {
    return { user: session._auth_user_id ?? null, cart: session.cart ?? null };
  }

  @Get('devices') devices(@Session() session: Visitor): Promise<Device[]> {
    return this.sessions.ofUser(7, { current: session });
  }

  @Delete('devices/:handle') async end(@Param('handle') handle: string): Promise<boolean> {
    return this.sessions.endOne(7, handle);
  }
}

const post = { method: 'POST', headers: { 'User-Agent': 'a phone' } };

describe.each(PLATFORMS)('The devices of a user on %s', (platform) => {
  let app: TestApp;

  const start = async (session: SessionOptions = {}): Promise<void> => {
    app = await startApp(platform, { controllers: [AccountController], session });
  };

  afterEach(() => app.close());

  const browser = (): Browser => new Browser((path, options) => app.send(path, options));

  const loggedIn = async (device = 'unnamed'): Promise<Browser> => {
    const visitor = browser();
    await visitor.visit(`/login/${device}`, post);
    return visitor;
  };

  const bodyOf = (answer: Answer): unknown => JSON.parse(answer.body) as unknown;
  const me = async (visitor: Browser): Promise<unknown> => bodyOf(await visitor.visit('/me'));
  const devices = async (visitor: Browser): Promise<Device[]> =>
    bodyOf(await visitor.visit('/devices')) as Device[];

  const SOMEBODY = { user: '7', cart: null };
  const NOBODY = { user: null, cart: null };

  it('US1 are listed with the current one, whose name is never taken from a header, and each can be ended', async () => {
    await start();
    const [phone, laptop] = [await loggedIn('phone'), await loggedIn()];
    const listed = await devices(laptop);
    expect(listed.map(({ current, device }) => [current, device]).sort()).toEqual(
      [
        [false, 'phone'],
        [true, null],
      ].sort(),
    );
    const { handle } = listed.find(({ device }) => device === 'phone')!;
    expect((await laptop.visit(`/devices/${handle}`, { method: 'DELETE' })).body).toBe('true');
    expect([await me(phone), await me(laptop)]).toEqual([NOBODY, SOMEBODY]);
    expect((await laptop.visit(`/devices/${handle}`, { method: 'DELETE' })).body).toBe('false');
  });

  it('US3 all others are ended by the request that signs in, which goes on with its cart', async () => {
    await start();
    const [phone, visitor] = [await loggedIn(), browser()];
    await visitor.visit('/cart', post);
    expect((await visitor.visit('/login-alone', post)).body).toBe('1');
    expect([await me(phone), await me(visitor)]).toEqual([NOBODY, { user: '7', cart: ['Emma'] }]);
    expect(await devices(visitor)).toMatchObject([{ current: true }]);
  });

  it('US6 beyond the limit a login is refused with 409, and the visitor stays as before', async () => {
    await start({ perUser: { limit: 1, whenFull: 'refuse' } });
    const [phone, visitor] = [await loggedIn(), browser()];
    await visitor.visit('/cart', post);
    const { cookie } = visitor;
    const refused = await visitor.visit('/login/laptop', post);
    expect([refused.status, refused.setCookies]).toEqual([409, []]);
    expect(bodyOf(refused)).toMatchObject({ statusCode: 409, code: 'CODEX_REDIS_SESSION_LIMIT' });
    expect(visitor.cookie).toBe(cookie);
    expect([await me(phone), await me(visitor)]).toEqual([SOMEBODY, { user: null, cart: ['Emma'] }]);
    const [{ handle } = { handle: '' }] = await devices(phone);
    await phone.visit(`/devices/${handle}`, { method: 'DELETE' });
    expect((await visitor.visit('/login/laptop', post)).status).toBe(201);
    expect([await me(phone), await me(visitor)]).toEqual([NOBODY, { user: '7', cart: ['Emma'] }]);
  });

  it('US6 or it ends the oldest', async () => {
    await start({ perUser: { limit: 1, whenFull: 'end-oldest' } });
    const [phone, laptop] = [await loggedIn(), await loggedIn()];
    expect([await me(phone), await me(laptop)]).toEqual([NOBODY, SOMEBODY]);
  });
});
