import type { Browser, BrowserContext, Page } from 'playwright-core';
import { RedisServer } from '../support/redis-server.js';
import { type Bookshop, startBookshop } from '../support/bookshop.js';
import { startChromium } from './chromium.js';

const BOOKS = 8;
const LONG_ENOUGH = 15_000;

describe.each(['Express', 'Fastify'] as const)('the bookshop on %s, in a browser', (platform) => {
  let redis: RedisServer;
  let shop: Bookshop;
  let browser: Browser;
  let visitor: BrowserContext;
  let errors: string[];

  const endings: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start({ config: { appendonly: 'yes', appendfsync: 'always' } });
    endings.push(() => redis.stop());
    const secret = 'a secret of the browser test, 32 bytes';
    shop = await startBookshop(platform, { REDIS_URL: redis.url, SECRET_KEY: secret });
    endings.push(() => shop.stop());
    browser = await startChromium();
    endings.push(() => browser.close());
  }, 180_000);

  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });

  beforeEach(async () => {
    visitor = await browser.newContext({ viewport: { width: 1240, height: 860 } });
    visitor.setDefaultTimeout(LONG_ENOUGH);
    errors = [];
    visitor.on('weberror', (error) => errors.push(error.error().message));
  });

  afterEach(async () => {
    await visitor.close();
    expect(errors).toEqual([]);
  });

  const openTab = async (): Promise<Page> => {
    const tab = await visitor.newPage();
    await tab.goto(shop.url);
    await tab
      .locator('.book')
      .nth(BOOKS - 1)
      .waitFor();
    return tab;
  };

  const logIn = async (tab: Page): Promise<void> => {
    await tab.getByRole('button', { name: 'Log in' }).click();
    await tab.getByText('Hello, ada').waitFor();
  };

  const add = (tab: Page, title: string): Promise<void> =>
    tab.getByRole('button', { name: `Add ${title}` }).click();

  const shows = (tab: Page, id: string, text: string | RegExp): Promise<void> =>
    tab.locator(`#${id}`, { hasText: text }).waitFor();

  /** Loads the list until it comes from there: it is fresh for a while only. */
  const load = async (tab: Page, source: RegExp, button = 'Load again'): Promise<void> => {
    const loaded = tab.locator('#loaded');
    const end = Date.now() + 2 * LONG_ENOUGH;
    while (Date.now() < end) {
      await tab.getByRole('button', { name: button }).click();
      await shows(tab, 'loaded', / in \d+ ms|not available/);
      if (source.test((await loaded.textContent()) ?? '')) return;
      await tab.waitForTimeout(250);
    }
    throw new Error(`The list never came ${String(source)}, but ${String(await loaded.textContent())}`);
  };

  /** Resolves when the cache is empty: a list that is loaded before would come from it. */
  const clear = async (tab: Page): Promise<void> => {
    const cleared = tab.waitForResponse((response) => response.request().method() !== 'GET');
    await tab.getByRole('button', { name: 'Clear' }).click();
    await cleared;
  };

  const sessionCookie = async (): Promise<string | undefined> =>
    (await visitor.cookies()).find(({ name }) => name === 'sessionid_bookshop')?.value;

  it('lists the books from the database first and from the cache then, and counts the time saved', async () => {
    const tab = await openTab();
    await clear(tab);
    await tab.getByRole('button', { name: 'Load again' }).click();
    await shows(tab, 'loaded', 'from the database');
    const hits = Number(await tab.locator('#hits').textContent());
    await tab.getByRole('button', { name: 'Load again' }).click();
    await shows(tab, 'loaded', 'from the cache');
    expect(Number(await tab.locator('#hits').textContent())).toBe(hits + 1);
    expect(await sessionCookie()).toBeUndefined();
  });

  it('shows the hit rate and the time saved, and draws the latest readings, a miss higher than a hit', async () => {
    const tab = await openTab();
    await clear(tab);
    await tab.getByRole('button', { name: 'Load again' }).click();
    await shows(tab, 'loaded', 'from the database');
    await tab.getByRole('button', { name: 'Load again' }).click();
    await shows(tab, 'loaded', 'from the cache');
    const [hits, misses] = await Promise.all(
      ['#hits', '#misses'].map(async (id) => Number(await tab.locator(id).textContent())),
    );
    const rate = Math.round((100 * hits!) / (hits! + misses!));
    expect(await tab.locator('#rate').textContent()).toBe(`${rate} %`);
    expect(parseFloat((await tab.locator('#saved').textContent()) ?? '')).toBeGreaterThan(0);
    const bars = tab.locator('#chart rect');
    expect(await bars.count()).toBe(Math.min(24, hits! + misses!));
    const [miss, hit] = [bars.nth(-2), bars.nth(-1)];
    expect([await miss.getAttribute('class'), await hit.getAttribute('class')]).toEqual(['miss', 'hit']);
    expect(await hit.locator('title').textContent()).toMatch(/^hit, [\d.]+ ms$/);
    const heights = [Number(await miss.getAttribute('height')), Number(await hit.getAttribute('height'))];
    expect(heights[0]!).toBeGreaterThan(heights[1]!);
  });

  it('shows a miss, a hit, a stale list while the database fails, and new prices at once after an invalidation by tag', async () => {
    const tab = await openTab();
    await clear(tab);
    await shows(tab, 'cleared', 'deleted');
    await tab.getByRole('button', { name: 'Load without the database' }).click();
    await shows(tab, 'log', '503: The database is down');
    await load(tab, /^from the database/);
    await load(tab, /^from the cache/);
    const price = async (): Promise<number> =>
      Number(((await tab.locator('.book .row span').first().textContent()) ?? '').replace('€', ''));
    const before = await price();
    await load(tab, /^stale, from the cache/, 'Load without the database');
    expect(await price()).toBe(before);
    await tab.getByRole('button', { name: 'Raise prices' }).click();
    await shows(tab, 'log', 'was invalidated');
    await shows(tab, 'loaded', /^from the database/);
    expect(await price()).toBeCloseTo(before + 1);
  });

  it('changes the key of the session on login and keeps the cart', async () => {
    const tab = await openTab();
    await add(tab, 'Emma');
    await shows(tab, 'cart-count', /^1$/);
    const before = await sessionCookie();
    await logIn(tab);
    await shows(tab, 'log', 'session key changed');
    await shows(tab, 'cart', 'Emma');
    const after = await sessionCookie();
    expect(after).toMatch(/^[a-z0-9]{32}$/);
    expect(after).not.toBe(before);
  });

  it('refuses a wrong password and keeps the visitor as they were', async () => {
    const tab = await openTab();
    await tab.getByLabel('Password').fill('byron');
    await tab.getByRole('button', { name: 'Log in' }).click();
    await shows(tab, 'log', '401: The name or password is wrong.');
    expect(await sessionCookie()).toBeUndefined();
  });

  it('keeps what two tabs put into the cart at the same time', async () => {
    const [one, two] = [await openTab(), await openTab()];
    await logIn(one);
    await two.getByText('Hello, ada').waitFor();
    await Promise.all([
      one.getByRole('button', { name: 'one of each' }).click(),
      two.getByRole('button', { name: 'one of each' }).click(),
    ]);
    await Promise.all([shows(one, 'log', 'None was lost'), shows(two, 'log', 'None was lost')]);
    for (const tab of [one, two]) await shows(tab, 'cart-count', new RegExp(`^${2 * BOOKS}$`));
  });

  it('clears the cache and leaves the session', async () => {
    const tab = await openTab();
    await logIn(tab);
    await add(tab, 'Walden');
    await shows(tab, 'cart-count', /^1$/);
    await clear(tab);
    await shows(tab, 'cleared', /^\d+ cached entr(y|ies) deleted/);
    await tab.reload();
    await tab.getByText('Hello, ada').waitFor();
    await shows(tab, 'cart', 'Walden');
  });

  it('logs out in every tab', async () => {
    const [one, two] = [await openTab(), await openTab()];
    await logIn(one);
    await two.getByText('Hello, ada').waitFor();
    await two.getByRole('button', { name: 'Log out' }).click();
    for (const tab of [one, two]) await tab.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await sessionCookie()).toBeUndefined();
  });

  it('limits guesses of vouchers', async () => {
    const tab = await openTab();
    for (let guess = 0; guess < 6; guess++) {
      await tab.getByLabel('Voucher').fill(`GUESS${guess}`);
      const answered = tab.waitForResponse('**/api/voucher');
      await tab.getByRole('button', { name: 'Redeem' }).click();
      await answered;
    }
    await shows(tab, 'log', '429: Too many tries');
  });

  it('says that Redis is down, logs nobody out, and goes on when it is back', async () => {
    const tab = await openTab();
    await logIn(tab);
    await add(tab, 'Flatland');
    await shows(tab, 'cart-count', /^1$/);
    const cookie = await sessionCookie();
    await redis.kill();
    await tab.getByRole('button', { name: 'Load again' }).click();
    await shows(tab, 'outage', 'The store is down');
    await shows(tab, 'health', 'store down');
    expect(await sessionCookie()).toBe(cookie);
    await redis.start();
    await tab.locator('#outage').waitFor({ state: 'hidden' });
    await tab.getByText('Hello, ada').waitFor();
    await shows(tab, 'cart', 'Flatland');
    await add(tab, 'Flatland');
    await shows(tab, 'cart', '× 2');
  });

  it('looks as in the documentation', async () => {
    const tab = await openTab();
    await add(tab, 'Moby-Dick');
    await shows(tab, 'cart-count', /^1$/);
    await logIn(tab);
    await tab.getByRole('button', { name: 'one of each' }).click();
    await shows(tab, 'log', 'None was lost');
    await load(tab, /^from the cache/);
    const path = process.env['SCREENSHOT'];
    const picture = await tab.screenshot({ fullPage: true, ...(path !== undefined && { path }) });
    expect(picture.length).toBeGreaterThan(10_000);
  });
});
