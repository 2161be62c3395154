import { type Bookshop, startBookshop } from '../support/bookshop.js';

describe.each(['Express', 'Fastify'] as const)('the sample on %s', (platform) => {
  let shop: Bookshop;
  let stop = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    shop = await startBookshop(platform, { REDIS_URL: '', SECRET_KEY: '' });
    stop = shop.stop;
  }, 60_000);

  afterAll(() => stop());

  const get = async (path: string): Promise<unknown> => (await fetch(`${shop.url}${path}`)).json();

  it('says where its data lives and where it listens', () => {
    expect(shop.output()).toContain('Cache and sessions live in the embedded store (memory:)');
    expect(shop.output()).toContain(`Open ${shop.url} in a browser (running on ${platform})`);
  });

  it('serves its page without a session', async () => {
    for (const path of ['/', '/shop.css', '/shop.js']) {
      const answer = await fetch(`${shop.url}${path}`, { headers: { cookie: 'sessionid_bookshop=none' } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
  });

  it('lists books from the database, then from the cache, until that is cleared', async () => {
    await fetch(`${shop.url}/api/books/cache`, { method: 'DELETE' });
    expect(await get('/api/books')).toMatchObject({ source: 'database' });
    expect(await get('/api/books')).toMatchObject({ source: 'cache' });
    expect(await (await fetch(`${shop.url}/api/books/cache`, { method: 'DELETE' })).json()).toEqual({
      deleted: 1,
    });
  });

  it('is healthy', async () => {
    expect(await get('/health')).toMatchObject({ status: 'ok' });
  });

  it('takes an order from who has logged in only', async () => {
    const order = await fetch(`${shop.url}/api/cart/order`, { method: 'POST' });
    expect(order.status).toBe(401);
  });
});
