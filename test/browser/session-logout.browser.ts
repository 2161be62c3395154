import { Controller, Get, Header } from '@nestjs/common';
import type { Browser, Page } from 'playwright-core';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { ShopController } from '../support/played-shop.js';
import { RedisServer } from '../support/redis-server.js';
import { startChromium } from './chromium.js';

const ROUNDS = 20;

@Controller()
class PageController {
  @Get() @Header('Content-Type', 'text/html') page(): string {
    return '<!doctype html><title>Shop</title>';
  }
}

interface Me {
  readonly user: string | null;
  readonly cart: string[] | null;
}

/** Sends a form while the page polls, before and after; what the visitor is shown when the polls have ended. */
const sendWhilePolling = (page: Page, form: string, polled: readonly string[]): Promise<Me> =>
  page.evaluate(
    async ([path, urls]) => {
      let isPolling = true;
      const poll = async (url: string): Promise<void> => {
        while (isPolling) await fetch(url, { method: url === '/cycle' ? 'POST' : 'GET' });
      };
      const polls = urls.map(poll);
      await fetch('/me');
      await fetch(path, { method: 'POST' });
      await fetch('/me');
      isPolling = false;
      await Promise.all(polls);
      return (await (await fetch('/me')).json()) as Me;
    },
    [form, polled] as const,
  );

describe.each(PLATFORMS)('a page on %s that polls, in a browser', (platform) => {
  let redis: RedisServer;
  let app: TestApp;
  let browser: Browser;

  const endings: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    endings.push(() => redis.stop());
    app = await startApp(platform, { url: redis.url, controllers: [PageController, ShopController] });
    endings.push(() => app.close());
    browser = await startChromium();
    endings.push(() => browser.close());
  }, 180_000);

  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });

  it(`SX1 SE18 is logged in after each of ${ROUNDS} logins, and out after each logout`, async () => {
    const page = await browser.newPage();
    for (let round = 0; round < ROUNDS; round++) {
      // opened by the visitor, so that what an earlier logout has left is no hindrance
      await page.goto(`http://127.0.0.1:${app.port}/tick`);
      await page.goto(`http://127.0.0.1:${app.port}/`);
      await page.evaluate(() => fetch('/cart', { method: 'POST' }).then(() => undefined));
      // an answer that has a cookie must not arrive after that of the login, and nothing in a browser sees to that
      const loggedIn = await sendWhilePolling(page, '/login', ['/me', '/me', '/me', '/me']);
      expect(loggedIn).toEqual({ user: '7', cart: ['Emma'] });
      const loggedOut = await sendWhilePolling(page, '/logout', ['/me', '/tick', '/cycle', '/tick']);
      expect(loggedOut).toEqual({ user: null, cart: null });
      const left = Object.values(await app.stored());
      expect(left.filter((entries) => '_auth_user_id' in entries || 'cart' in entries)).toEqual([]);
    }
  });
});
