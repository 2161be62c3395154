import { Controller, Get, Inject, Post } from '@nestjs/common';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { Browser } from '../support/browser.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';

type Visitor = Session<{ cart: string[]; _auth_user_id: string }>;

@Controller()
class ShopController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('cart') cart(@Session() session: Visitor): void {
    session.cart = ['Emma'];
  }

  @Post('login') async login(@Session() session: Visitor): Promise<void> {
    await session.signIn(7);
  }

  @Get('me') me(@Session() session: Visitor): object {
    return { user: session._auth_user_id ?? null, cart: session.cart ?? null };
  }

  @Get('devices') async devices(@Session() session: Visitor): Promise<boolean[]> {
    return (await this.sessions.ofUser(7, { current: session })).map(({ current }) => current);
  }

  @Post('end-others') endOthers(@Session() session: Visitor): Promise<number> {
    return this.sessions.endOfUser(7, { except: session });
  }

  @Post('logout') async logout(@Session() session: Visitor): Promise<void> {
    await session.flush();
  }
}

const post = { method: 'POST' };

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');

const FORMS: readonly (readonly [name: string, atRest: NonNullable<SessionOptions['atRest']>])[] = [
  ['hashKeys', { hashKeys: true }],
  ['encryption', { encryption: [randomBytes(32)] }],
  ['both', { hashKeys: true, encryption: [randomBytes(32).toString('base64url')] }],
];

const settings = PLATFORMS.flatMap((platform) => FORMS.map((form) => [platform, ...form] as const));

describe.each(settings)('Sessions at rest on %s with %s', (platform, _, atRest) => {
  const projectName = `test-${randomUUID()}`;
  const apps: TestApp[] = [];
  let clock: TestClock;
  let shared: KeyValueStore | undefined;

  /** Another process of the same project, on the same store. */
  const start = async (session: SessionOptions): Promise<TestApp> => {
    const app = await startApp(platform, {
      controllers: [ShopController],
      options: { projectName },
      session,
      clock,
      wrapStore: (own) => (shared ??= own),
    });
    apps.push(app);
    return app;
  };

  const startWith = (further: object = {}): Promise<TestApp> =>
    start({ django: false, atRest: { ...atRest, ...further } });

  const browserOf = (app: TestApp): Browser => new Browser((path, options) => app.send(path, options));

  const me = async (browser: Browser): Promise<unknown> =>
    JSON.parse((await browser.visit('/me')).body) as unknown;

  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const page of shared!.scan(`${projectName}:session:*`)) found.push(...page);
    return found.map((name) => name.slice(`${projectName}:session:`.length)).sort();
  };

  const nameOf = (key: string | undefined): string =>
    atRest.hashKeys === true ? sha256(String(key)) : String(key);

  beforeEach(() => {
    clock = new TestClock();
  });

  afterEach(async () => {
    shared = undefined;
    for (const app of apps.splice(0)) await app.close();
  });

  it('US12 a visitor logs in, ends the other devices and logs out as with any other', async () => {
    const app = await startWith();
    const [browser, other] = [browserOf(app), browserOf(app)];
    await browser.visit('/cart', post);
    expect(browser.cookie).toMatch(/^[a-z0-9]{32}$/);
    expect(await names()).toEqual([nameOf(browser.cookie)]);
    const before = browser.cookie;
    for (const each of [browser, other]) await each.visit('/login', post);
    expect(browser.cookie).not.toBe(before);
    expect(await names()).toEqual([nameOf(browser.cookie), nameOf(other.cookie)].sort());
    expect(await me(browser)).toEqual({ user: '7', cart: ['Emma'] });
    expect((JSON.parse((await browser.visit('/devices')).body) as boolean[]).sort()).toEqual([false, true]);
    expect((await browser.visit('/end-others', post)).body).toBe('1');
    expect(await me(other)).toEqual({ user: null, cart: null });
    // a late request under the key of before the login
    const late = await app.send('/cart', { ...post, cookie: before });
    expect([late.status, late.setCookies]).toEqual([400, []]);
    await browser.visit('/logout', post);
    expect([browser.cookie, await names()]).toEqual([undefined, []]);
  });

  it('US12 US13 what Redis holds opens no session, and a text says nothing under another key', async () => {
    const app = await startWith();
    const [mine, theirs] = [browserOf(app), browserOf(app)];
    await mine.visit('/cart', post);
    await theirs.visit('/login', post);
    const text = (await shared!.get(app.storeKey(nameOf(theirs.cookie))))!;
    if (atRest.hashKeys === true) {
      const dumped = await app.send('/me', { cookie: nameOf(theirs.cookie) });
      expect(dumped.body).toBe('{"user":null,"cart":null}');
    }
    await shared!.set(app.storeKey(nameOf(mine.cookie)), text, 60_000);
    expect(await me(mine)).toEqual({ user: null, cart: null });
    expect(await me(theirs)).toEqual({ user: '7', cart: null });
  });

  it('US13 nobody is logged out where it is rolled out on live sessions', async () => {
    const browser = browserOf(await start({}));
    await browser.visit('/cart', post);
    await browser.visit('/login', post);
    const { cookie } = browser;
    clock.advance(1000);
    const app = await startWith({ since: new Date(clock.now()) });
    const visit = browserOf(app);
    visit.cookie = cookie;
    expect(await me(visit)).toEqual({ user: '7', cart: ['Emma'] });
    expect(visit.cookie).toBe(cookie);
    await visit.visit('/cart', post);
    expect(await names()).toEqual([nameOf(cookie)]);
    // without since the form of before is unreadable by now
    const later = browserOf(await startWith());
    later.cookie = cookie;
    expect(await me(later)).toEqual({ user: '7', cart: ['Emma'] });
    await visit.visit('/logout', post);
    expect(await names()).toEqual([]);
  });
});
