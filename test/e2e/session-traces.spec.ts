import { TestClock } from '../../lib/testing/test-clock.js';
import { Browser } from '../support/browser.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { type Answer, keyFrom } from '../support/http-request.js';
import { CommitSwitch } from '../support/http-store.js';
import { ShopController } from '../support/played-shop.js';

const A_MINUTE = 60_000;
const KEY = /^[a-z0-9]{32}$/;

const post = { method: 'POST' };

describe.each(PLATFORMS)('A request under a key of a moment ago, on %s', (platform) => {
  let clock: TestClock;
  let app: TestApp;
  let browser: Browser;
  const commits = new CommitSwitch();

  beforeAll(async () => {
    clock = new TestClock();
    app = await startApp(platform, { controllers: [ShopController], clock, wrapStore: commits.wrap });
  });

  afterAll(() => app.close());

  beforeEach(async () => {
    await app.forget();
    browser = new Browser((path, options) => app.send(path, options));
    await browser.visit('/cart', post);
  });

  /** Has the browser's session moved or ended. @returns the key that says so for a minute */
  const leaveTrace = async (state: 'moved' | 'ended'): Promise<string> => {
    const { cookie } = browser;
    await browser.visit(state === 'moved' ? '/login' : '/logout', post);
    return cookie!;
  };

  const late = (cookie: string, path: string, mode = 'cors'): Promise<Answer> =>
    app.send(path, {
      method: ['/me', '/tick'].includes(path) ? 'GET' : 'POST',
      cookie,
      headers: { 'Sec-Fetch-Mode': mode },
    });

  describe.each(['moved', 'ended'] as const)('that was %s', (state) => {
    let old: string;

    beforeEach(async () => {
      old = await leaveTrace(state);
    });

    it('SE13 reads an empty session and changes no cookie', async () => {
      for (const mode of ['cors', 'navigate']) {
        const answer = await late(old, '/me', mode);
        expect([answer.status, answer.body, answer.setCookies]).toEqual([
          200,
          '{"user":null,"cart":null}',
          [],
        ]);
      }
    });

    it('SE13 is refused when it writes, and changes no cookie', async () => {
      const before = await app.stored();
      const answer = await late(old, '/tick');
      expect([answer.status, answer.setCookies]).toEqual([400, []]);
      expect(answer.body).toContain('ended before the request completed');
      expect(await app.stored()).toEqual(before);
    });

    it(`SE13 ${state === 'ended' ? 'may' : 'may not'} write when the visitor opens a page`, async () => {
      const answer = await late(old, '/tick', 'navigate');
      const key = keyFrom(answer);
      if (state === 'moved') expect([answer.status, answer.setCookies]).toEqual([400, []]);
      else {
        expect([answer.status, key]).toEqual([200, expect.stringMatching(KEY)]);
        expect(await app.stored()).toEqual({ [key!]: { ticks: 1 } });
      }
    });

    it.each(['cycle', 'regenerate', 'login'])(
      'SE13 gets a fresh key when it calls for one: %s',
      async (path) => {
        const answer = await late(old, `/${path}`);
        const key = keyFrom(answer)!;
        expect([answer.status, key]).toEqual([201, expect.stringMatching(KEY)]);
        expect(key).not.toBe(old);
        expect(key).not.toBe(browser.cookie);
        const isSuccessor = path === 'login' && state === 'moved';
        // the cart comes with the login of a visitor who had one before another login
        expect((await app.stored())[key]).toEqual({
          ...(path === 'login' && { _auth_user_id: '7' }),
          ...(path === 'regenerate' && { ticks: 0 }),
          ...(isSuccessor && { cart: ['Emma'] }),
        });
        await late(old, '/logout');
        expect(Object.keys(await app.stored())).toEqual(isSuccessor ? [] : [key]);
      },
    );

    it('SE13 may log out: that ends the successors, and takes the cookie where it ended any', async () => {
      const answer = await late(old, '/logout');
      expect(answer.status).toBe(201);
      expect(answer.setCookies).toEqual(state === 'ended' ? [] : [expect.stringContaining('Max-Age=0')]);
      expect(await app.stored()).toEqual({});
    });

    it('SE13 is one of an unknown key a minute later', async () => {
      clock.advance(A_MINUTE);
      const read = await late(old, '/me');
      expect([read.status, read.setCookies]).toEqual([200, [expect.stringContaining('Max-Age=0')]]);
      const written = await late(old, '/tick');
      expect([written.status, keyFrom(written)]).toEqual([200, expect.stringMatching(KEY)]);
    });

    it('SE14 SE17 finds no text of a session that had a user', async () => {
      const user = browser;
      if (state === 'ended') await user.visit('/login', post);
      const known = user.cookie!;
      await user.visit('/login', post);
      const key = keyFrom(await late(known, '/login'))!;
      expect((await app.stored())[key]).toEqual({ _auth_user_id: '7' });
    });
  });

  it('SE13 a visitor whose session was ended elsewhere opens the login page, and is logged in at once', async () => {
    await browser.visit('/login', post);
    await app.sessions.delete(browser.cookie!);
    const ended = browser.cookie;
    await browser.visit('/me', { headers: { 'Sec-Fetch-Mode': 'navigate' } });
    expect(browser.cookie).toBe(ended);
    expect((await browser.visit('/login', post)).status).toBe(201);
    expect(JSON.parse((await browser.visit('/me')).body)).toEqual({ user: '7', cart: null });
  });

  it('SE15 a double click on the login gives up the first request, and logs in', async () => {
    commits.hold();
    const { cookie } = browser;
    const clicked = new AbortController();
    const first = app.send('/login', { ...post, cookie, signal: clicked.signal });
    await commits.untilBegun();
    clicked.abort();
    await expect(first).rejects.toThrow('aborted');
    const second = browser.visit('/login', post);
    commits.release();
    expect((await second).status).toBe(201);
    expect(JSON.parse((await browser.visit('/me')).body)).toEqual({ user: '7', cart: ['Emma'] });
  });

  it('SE14 an unknown key leaves no trace, whatever is done with it', async () => {
    await app.forget();
    for (const path of ['/logout', '/login', '/tick']) await late('u'.repeat(32), path);
    const names: string[] = [];
    for await (const page of app.store.scan(`*:trace:*`)) names.push(...page);
    expect(names).toEqual([]);
  });
});
