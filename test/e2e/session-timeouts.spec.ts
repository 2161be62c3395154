import { Controller, Get, HttpException, Query } from '@nestjs/common';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SkipSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { Faults } from '../../lib/testing/faults.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom, parsedCookie } from '../support/http-request.js';
import { recorded } from '../support/sessions.js';

const MINUTE = 60_000;

@Controller()
class PagesController {
  @Get('write') write(@Session() session: Session, @Query('expiry') expiry?: string): string {
    if (expiry !== undefined) session.setExpiry(Number(expiry));
    session['n'] = 1;
    return 'written';
  }

  @Get('read') read(@Session() session: Session, @Query('status') status = '200'): object {
    if (status !== '200') throw new HttpException('as asked', Number(status));
    return { n: session['n'] ?? null };
  }

  @Get('untouched') untouched(): string {
    return 'untouched';
  }

  @SkipSession()
  @Get('skipped')
  skipped(): string {
    return 'skipped';
  }
}

describe.each(PLATFORMS)('Sessions with an idle and an absolute timeout, on %s', (platform) => {
  const faults = new Faults();
  let app: TestApp;
  let clock: TestClock;
  let calls: string[];

  const start = async (session: SessionOptions): Promise<void> => {
    clock = new TestClock();
    app = await startApp(platform, {
      controllers: [PagesController],
      clock,
      session,
      wrapStore: (store) => {
        const recording = recorded(faults.wrap(store));
        calls = recording.calls;
        return recording.store;
      },
    });
  };

  afterEach(async () => {
    faults.clear();
    await app.close();
  });

  const write = async (query = ''): Promise<{ cookie: string; maxAge: string | undefined }> => {
    const answer = await app.send(`/write${query}`);
    const { value, attributes } = parsedCookie(answer.setCookies[0]!);
    calls.length = 0;
    return { cookie: value, maxAge: attributes.find((attribute) => attribute.startsWith('max-age=')) };
  };

  const left = async (cookie: string): Promise<number> =>
    Number(await app.store.remaining(app.storeKey(cookie)));

  it.each(['/read', '/untouched'])(
    'US9 GET %s extends at most once an interval, without a cookie',
    async (path) => {
      await start({ idleTimeout: '10m' });
      const { cookie } = await write();
      clock.advance(59_000);
      expect((await app.send(path, { cookie })).setCookies).toEqual([]);
      expect(calls).toEqual(['get']);
      clock.advance(1000);
      const answer = await app.send(path, { cookie });
      expect([answer.status, answer.setCookies]).toEqual([200, []]);
      expect(answer.headers['cache-control']).not.toBe('private, no-store');
      expect(calls).toEqual(['get', 'get', 'compareAndSet']);
      expect(await left(cookie)).toBe(10 * MINUTE);
    },
  );

  it.each(['/read?status=500', '/skipped'])('US9 GET %s does not extend', async (path) => {
    await start({ idleTimeout: '10m' });
    const { cookie } = await write();
    clock.advance(5 * MINUTE);
    await app.send(path, { cookie });
    expect(calls).toEqual(['get']);
  });

  it.each<SessionOptions>([{ idleTimeout: '10m' }, { saveEveryRequest: true }])(
    'US9 SE5 nor does a request while Redis is down, which is served (%j)',
    async (session) => {
      await start(session);
      const { cookie } = await write();
      clock.advance(5 * MINUTE);
      faults.failNext({ verbs: ['get'] });
      const answer = await app.send('/untouched', { cookie });
      expect([answer.status, answer.setCookies, calls]).toEqual([200, [], ['get']]);
    },
  );

  it('US9 with saveEveryRequest each request extends, and sends the cookie', async () => {
    await start({ idleTimeout: '10m', absoluteTimeout: '1h', saveEveryRequest: true });
    const { cookie } = await write();
    clock.advance(1000);
    const answer = await app.send('/untouched', { cookie });
    expect(parsedCookie(answer.setCookies[0]!).attributes).toContain('max-age=3599');
    expect(await left(cookie)).toBe(10 * MINUTE);
  });

  it.each<[string, SessionOptions, string, string | undefined]>([
    ['what is left of the absolute timeout', { idleTimeout: '10m', absoluteTimeout: '30d' }, '', '2592000'],
    ['the age, where there is none', { idleTimeout: '10m' }, '', '1209600'],
    [
      'its own expiry, where that is earlier',
      { idleTimeout: '10m', absoluteTimeout: '1h' },
      '?expiry=60',
      '60',
    ],
    [
      'no longer than the absolute timeout',
      { idleTimeout: '10m', absoluteTimeout: '1h' },
      '?expiry=7200',
      '3600',
    ],
    ['the absolute timeout, without an idle one', { absoluteTimeout: '1h' }, '', '3600'],
    ['the age, where that ends first', { absoluteTimeout: '1h', age: 60 }, '', '60'],
    ['the browser', { idleTimeout: '10m', absoluteTimeout: '1h' }, '?expiry=0', undefined],
  ])('US9 the cookie lives for %s', async (_, session, query, seconds) => {
    await start(session);
    const { maxAge } = await write(query);
    expect(maxAge).toBe(seconds && `max-age=${seconds}`);
  });

  it('US9 a cookie that is sent later has what is left by then', async () => {
    await start({ idleTimeout: '40m', absoluteTimeout: '1h' });
    const { cookie } = await write();
    clock.advance(20 * MINUTE);
    const answer = await app.send('/write', { cookie });
    expect(parsedCookie(answer.setCookies[0]!).attributes).toContain('max-age=2400');
  });

  it('US8 the visitor of one that ended gets a new one with the next write', async () => {
    await start({ idleTimeout: '10m', absoluteTimeout: '1h' });
    const { cookie } = await write();
    await app.store.expire(app.storeKey(cookie), 86_400_000);
    clock.advance(11 * MINUTE);
    const answer = await app.send('/read', { cookie });
    expect(JSON.parse(answer.body)).toEqual({ n: null });
    expect(answer.setCookies).toEqual([expect.stringContaining('Max-Age=0')]);
    const written = await app.send('/write', { cookie });
    expect(keyFrom(written)).not.toBe(cookie);
  });
});
