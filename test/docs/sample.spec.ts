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
      'GET /api/devices': 401,
      'DELETE /api/devices/:handle': 401,
      'POST /api/devices/log-out-everywhere-else': 401,
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

  it('serves its pages without a session', async () => {
    for (const path of ['/', '/devices', '/shop.css', '/shop.js', '/devices.js', '/shared.js']) {
      const answer = await fetch(`${shop.url}${path}`, { headers: { cookie: 'sessionid_bookshop=none' } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
  });

  const statusOf = async (): Promise<string | null> =>
    (await fetch(`${shop.url}/api/books`)).headers.get('cache-status');
  const clear = async (): Promise<unknown> =>
    (await fetch(`${shop.url}/api/books/cache`, { method: 'DELETE' })).json();

  it('lists books from the database, then from the cache, until that is cleared or their tag is invalidated', async () => {
    await clear();
    expect(await statusOf()).toBe('codex-redis; fwd=miss; stored');
    expect(await statusOf()).toMatch(/^codex-redis; hit; ttl=\d+$/);
    const before = (await get('/api/books')) as { priceInCents: number }[];
    await fetch(`${shop.url}/api/books/prices`, { method: 'POST' });
    const [first] = (await get('/api/books')) as { priceInCents: number }[];
    expect(first?.priceInCents).toBe(Number(before[0]?.priceInCents) + 100);
    // the list, and each book
    expect(await clear()).toEqual({ deleted: 1 + before.length });
  });

  it('fails without the database only for who asks for that, and only while nothing is cached', async () => {
    await clear();
    const withoutDatabase = `${shop.url}/api/books?database=down`;
    expect((await fetch(withoutDatabase)).status).toBe(503);
    expect(await statusOf()).toBe('codex-redis; fwd=miss; stored');
    expect((await fetch(withoutDatabase)).headers.get('cache-status')).toMatch(/^codex-redis; hit; ttl=\d+$/);
  });

  it('asks the database once for requests at the same time', async () => {
    await clear();
    const statuses = await Promise.all([1, 2, 3].map(statusOf));
    expect(statuses.filter((status) => status?.includes('fwd=miss'))).toHaveLength(1);
  });

  it('lets a page of another origin change nothing', async () => {
    const answers = await Promise.all(
      ['cross-site', 'same-site', 'same-origin', 'none'].map((site) =>
        fetch(`${shop.url}/api/books/prices`, { method: 'POST', headers: { 'sec-fetch-site': site } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 201, 201]);
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
