import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { CommitSwitch } from '../support/http-store.js';
import { ShopController } from '../support/played-shop.js';

describe.each(PLATFORMS)('A session that every request extends, on %s', (platform) => {
  const commits = new CommitSwitch();
  let app: TestApp;
  let key: string;

  beforeAll(async () => {
    app = await startApp(platform, {
      controllers: [ShopController],
      session: { saveEveryRequest: true },
      wrapStore: commits.wrap,
    });
  });

  afterAll(() => app.close());

  beforeEach(async () => {
    const session = await app.sessions.create();
    session.set('_auth_user_id', '7');
    await session.save();
    key = session.key!;
  });

  const user = (body: string): unknown => (JSON.parse(body) as { user: unknown }).user;

  it('SX2 is extended for another time of its own', async () => {
    await app.store.expire(app.storeKey(key), 10_000);
    const answer = await app.send('/me', { cookie: key });
    expect([user(answer.body), answer.setCookies.length]).toEqual(['7', 1]);
    expect(await app.store.remaining(app.storeKey(key))).toBeGreaterThan(10_000);
  });

  it('SX2 keeps the end that another request gave it meanwhile', async () => {
    commits.hold();
    const slow = app.send('/me', { cookie: key });
    await commits.untilBegun();
    const text = app.sessions.encode({ _auth_user_id: '7', _session_expiry: 10 });
    await app.store.set(app.storeKey(key), text, 10_000);
    commits.release();
    const answer = await slow;
    expect([answer.status, answer.setCookies]).toEqual([200, []]);
    expect(await app.store.remaining(app.storeKey(key))).toBeLessThanOrEqual(10_000);
  });

  it('SX2 is over at its own end, whatever its TTL in Redis is', async () => {
    const _session_expiry = '2020-01-01T00:00:00+00:00';
    const text = app.sessions.encode({ _auth_user_id: '7', _session_expiry });
    await app.store.set(app.storeKey(key), text, 60_000);
    const answer = await app.send('/me', { cookie: key });
    expect(user(answer.body)).toBeNull();
    expect(answer.setCookies).toEqual([expect.stringContaining('Max-Age=0')]);
  });
});
