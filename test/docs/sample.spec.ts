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

  it('answers a stranger on each of its routes', async () => {
    const refused: Record<string, number> = {
      'POST /api/account/login': 401,
      'POST /api/cart/order': 401,
      'POST /api/voucher': 404,
    };
    const routes = [...shop.output().matchAll(/Mapped \{(\S+), (\w+)\}/g)];
    const answers = await Promise.all(
      routes.map(async ([, path = '', method = '']) => {
        const { status } = await fetch(shop.url + path.replace(':id', 'emma'), { method });
        return [`${method} ${path}`, status < 300 ? 'success' : status] as const;
      }),
    );
    expect(answers.length).toBeGreaterThan(10);
    expect(Object.fromEntries(answers.filter(([, answer]) => answer !== 'success'))).toEqual(refused);
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

  it('counts who waited for the database as who asked it', async () => {
    await fetch(`${shop.url}/api/books/cache`, { method: 'DELETE' });
    const listings = await Promise.all([1, 2, 3].map(() => get('/api/books')));
    expect(listings).toMatchObject([{ source: 'database' }, { source: 'database' }, { source: 'database' }]);
    expect(await get('/api/books')).toMatchObject({ source: 'cache' });
  });

  it('orders a cart once, however often it is asked at the same time', async () => {
    const login = await fetch(`${shop.url}/api/account/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'ada', password: 'lovelace' }),
    });
    expect(login.status).toBe(204);
    const headers = { cookie: login.headers.getSetCookie()[0]!.split(';', 1)[0]! };
    const send = (method: string, path: string) => fetch(`${shop.url}/api/cart/${path}`, { method, headers });
    await send('POST', 'books/emma');
    await send('POST', 'books/emma');
    await send('DELETE', 'books/emma');
    const orders = await Promise.all([1, 2, 3].map(() => send('POST', 'order')));
    const [taken, ...others] = orders.sort((one, other) => one.status - other.status);
    expect(await taken!.json()).toMatchObject({ count: 1 });
    // nothing is left, or the other is not done yet
    for (const { status } of others) expect([400, 409]).toContain(status);
    expect((await send('POST', 'order')).status).toBe(400);
  });

  it('is healthy', async () => {
    expect(await get('/health')).toMatchObject({ status: 'ok' });
  });

  it('takes an order from who has logged in only', async () => {
    const order = await fetch(`${shop.url}/api/cart/order`, { method: 'POST' });
    expect(order.status).toBe(401);
  });
});
