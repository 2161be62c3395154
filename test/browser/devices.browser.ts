import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Bookshop, startBookshop } from '../support/bookshop.js';
import { RedisAdmin } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { startChromium } from './chromium.js';

const LONG_ENOUGH = 15_000;

const AGENTS = {
  laptop:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
};

/** A profile of a browser: no other one has its cookies. */
interface Device {
  readonly profile: BrowserContext;
  readonly books: Page;
  readonly devices: Page;
}

describe('the page "Your devices" of two shops that share a Redis, in a browser', () => {
  const shops = {} as Record<'Express' | 'Fastify', Bookshop>;
  const admin = new RedisAdmin();
  let redis: RedisServer;
  let browser: Browser;
  let profiles: BrowserContext[];
  let errors: string[];

  const endings: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    endings.push(() => redis.stop());
    endings.push(() => admin.close());
    const environment = { REDIS_URL: redis.url, SECRET_KEY: 'a secret of the browser test, 32 bytes' };
    const start = async (platform: 'Express' | 'Fastify'): Promise<void> => {
      const shop = await startBookshop(platform, environment);
      shops[platform] = shop;
      endings.push(() => shop.stop());
    };
    await Promise.all([start('Express'), start('Fastify')]);
    browser = await startChromium();
    endings.push(() => browser.close());
  }, 180_000);

  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });

  beforeEach(async () => {
    await admin.command(redis.port, 'FLUSHALL');
    profiles = [];
    errors = [];
  });

  afterEach(async () => {
    for (const profile of profiles) await profile.close();
    expect(errors).toEqual([]);
  });

  /** Logs in, and leaves the books open beside the devices. */
  const logIn = async (shop: Bookshop, userAgent: string): Promise<Device> => {
    const profile = await browser.newContext({ userAgent, viewport: { width: 1240, height: 640 } });
    profiles.push(profile);
    profile.setDefaultTimeout(LONG_ENOUGH);
    profile.on('weberror', (error) => errors.push(error.error().message));
    const books = await profile.newPage();
    await books.goto(shop.url);
    await books.getByRole('button', { name: 'Log in' }).click();
    await books.getByText('Hello, ada').waitFor();
    const devices = await profile.newPage();
    await devices.goto(`${shop.url}/devices`);
    await devices.getByText('this device').waitFor();
    return { profile, books, devices };
  };

  const listed = async (page: Page): Promise<string[]> =>
    Promise.all((await page.locator('#devices strong').all()).map((name) => name.innerText()));

  const isLoggedOut = async ({ books, devices }: Device): Promise<void> => {
    await books.getByRole('button', { name: 'Log in' }).waitFor();
    await devices.getByText('You are not logged in').waitFor();
    expect(await listed(devices)).toEqual([]);
  };

  const isLoggedIn = async ({ books, devices }: Device): Promise<void> => {
    await books.reload();
    await books.getByText('Hello, ada').waitFor();
    await devices.reload();
    await devices.getByText('this device').waitFor();
  };

  const says = (page: Page, text: string): Promise<void> => page.locator('#log', { hasText: text }).waitFor();

  describe.each([
    ['Express', 'Fastify'],
    ['Fastify', 'Express'],
  ] as const)('one at a shop on %s, the other on %s', (own, other) => {
    it('lists both, and a logout everywhere else ends the other at once, without a reload', async () => {
      const [laptop, phone] = [
        await logIn(shops[own], AGENTS.laptop),
        await logIn(shops[other], AGENTS.phone),
      ];
      await laptop.devices.reload();
      await laptop.devices.getByText('Safari on an iPhone').waitFor();
      expect(await listed(laptop.devices)).toEqual(['Chrome on Linux', 'Safari on an iPhone']);
      expect(await listed(phone.devices)).toEqual(['Safari on an iPhone', 'Chrome on Linux']);
      await laptop.devices.getByRole('button', { name: 'everywhere else' }).click();
      await says(laptop.devices, '1 other device is logged out.');
      await isLoggedOut(phone);
      expect(await listed(laptop.devices)).toEqual(['Chrome on Linux']);
      await isLoggedIn(laptop);
    });

    it('logs out one device by its button, and then this one', async () => {
      const [laptop, phone] = [
        await logIn(shops[own], AGENTS.laptop),
        await logIn(shops[other], AGENTS.phone),
      ];
      await phone.devices.getByRole('button', { name: 'Log out Chrome on Linux' }).click();
      await says(phone.devices, 'Chrome on Linux is logged out.');
      await isLoggedOut(laptop);
      await isLoggedIn(phone);
      await phone.devices.getByRole('button', { name: 'Log out Safari on an iPhone' }).click();
      await isLoggedOut(phone);
    });
  });

  it('never shows a session key', async () => {
    const [laptop, phone] = [
      await logIn(shops.Express, AGENTS.laptop),
      await logIn(shops.Express, AGENTS.phone),
    ];
    const answered = laptop.devices.waitForResponse('**/api/devices');
    await laptop.devices.reload();
    const answer = await (await answered).text();
    await laptop.devices.getByText('Safari on an iPhone').waitFor();
    for (const { profile } of [laptop, phone]) {
      const cookie = (await profile.cookies()).find(({ name }) => name === 'sessionid_bookshop')!;
      expect(cookie.value).toMatch(/^[a-z0-9]{32}$/);
      for (const shown of [answer, await laptop.devices.content()]) expect(shown).not.toContain(cookie.value);
    }
  });
});
