import { randomUUID } from 'node:crypto';
import { Browser } from '../support/browser.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { PlayedShop, ShopController, type Visits } from '../support/played-shop.js';

const MOVES = ['cycle', 'step-up', 'login'] as const;

const post = { method: 'POST' };

/** The sessions that were there before the logout: a login that begins after it has no cart. */
const survivors = (stored: readonly Record<string, unknown>[]): unknown[] =>
  stored.filter((entries) => 'cart' in entries);

describe.each(PLATFORMS)('A logout beside what moves its session, on %s', (platform) => {
  it.each([1, 2])(
    'SX1 leaves nothing alive in 300 orders of loads, moves and flushes, in %i process(es)',
    async (processes) => {
      const scenes: Visits[][] = [
        ...MOVES.map((move) => [['logout'], [move]]),
        [['logout'], ['step-up', 'cycle']],
        [['logout'], [processes === 1 ? 'login' : 'cycle'], ['logout']],
      ];
      const shop = await PlayedShop.start(platform, processes);
      let orders = 0;
      for (const visits of scenes)
        orders += await shop.play({
          given: ['cart', 'login'],
          visits,
          check: ({ answers, me, stored }) => {
            expect(survivors(stored)).toEqual([]);
            expect(answers[0]!.map(({ status }) => status)).toEqual([201]);
            const mayBegin = visits.some(([path]) => path === 'login');
            expect(me).toEqual({ user: mayBegin ? me.user && '7' : null, cart: null });
          },
        });
      await shop.close();
      expect(orders).toBeGreaterThanOrEqual(300);
    },
    180_000,
  );

  describe('of two processes and one Redis', () => {
    let apps: TestApp[];

    beforeAll(async () => {
      const url = process.env['TEST_REDIS_URL']!;
      const options = { projectName: `test-${randomUUID()}` };
      const start = (): Promise<TestApp> =>
        startApp(platform, { url, options, controllers: [ShopController] });
      apps = await Promise.all([start(), start()]);
    });

    afterAll(async () => {
      for (const app of apps) await app.close();
    });

    beforeEach(() => apps[0]!.forget());

    const loggedIn = async (): Promise<Browser> => {
      const browser = new Browser((path, options) => apps[0]!.send(path, options));
      await browser.visit('/cart', post);
      await browser.visit('/login', post);
      return browser;
    };

    it('SX1 leaves nothing alive in 300 races', async () => {
      const [here, there] = apps as [TestApp, TestApp];
      for (let race = 0; race < 300; race++) {
        const browser = await loggedIn();
        const move = `/${MOVES[race % MOVES.length]!}`;
        const [left, moved] = race % 2 === 0 ? [here, there] : [there, here];
        const requests = [
          () => browser.visit('/logout', post, (path, options) => left.send(path, options)),
          () => browser.visit(move, post, (path, options) => moved.send(path, options)),
        ];
        if (race % 4 < 2) requests.reverse();
        await Promise.all(requests.map((request) => request()));
        const { body } = await browser.visit('/me');
        expect(JSON.parse(body)).toMatchObject({ cart: null });
      }
      expect(survivors(Object.values(await here.stored()))).toEqual([]);
    }, 60_000);

    /** Has the session moved that often. @returns the key it had */
    const movedOften = async (browser: Browser, moves: number): Promise<string | undefined> => {
      const { cookie } = browser;
      for (let move = 0; move < moves; move++) await browser.visit('/cycle', post);
      return cookie;
    };

    it('SX1 follows 64 moves, and fails where there are more, and the cookie stays', async () => {
      const [app] = apps as [TestApp];
      const reached = await movedOften(await loggedIn(), 64);
      const left = await app.send('/logout', { ...post, cookie: reached });
      expect([left.status, left.headers['set-cookie']]).toEqual([201, expect.stringContaining('Max-Age=0')]);
      expect(await app.stored()).toEqual({});
      const outrun = await loggedIn();
      const failed = await app.send('/logout', { ...post, cookie: await movedOften(outrun, 65) });
      expect([failed.status, failed.setCookies]).toEqual([503, []]);
      expect(Object.keys(await app.stored())).toEqual([outrun.cookie]);
    }, 60_000);
  });
});
