import { jest } from '@jest/globals';
import { Controller, Get, HttpException, Inject, Post, Query, Res } from '@nestjs/common';
import { setImmediate as turn } from 'node:timers/promises';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { type Answer, keyFrom, parsedCookie } from '../support/http-request.js';
import type { AnyResponse } from '../support/http-responses.js';
import { CommitSwitch } from '../support/http-store.js';

const UNKNOWN = 'stale0stale0stale0stale0stale0st';

@Controller()
class CookieController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('untouched') untouched(): string {
    return 'untouched';
  }

  @Get('read') read(@Session('n') n: unknown): object {
    return { n: n ?? null };
  }

  @Get('write') write(@Session() session: Session, @Query('status') status = '200'): string {
    session['n'] = 1;
    if (status !== '200') throw new HttpException('as asked', Number(status));
    return 'written';
  }

  @Get('by-hand') byHand(
    @Session() session: Session,
    @Res({ passthrough: true }) response: AnyResponse,
  ): string {
    session['n'] = 1;
    response.status(500);
    return 'by hand';
  }

  @Get('unawaited-save') unawaitedSave(@Session() session: Session): string {
    session['n'] = 1;
    void session.save();
    return 'saved in the end';
  }

  @Get('reload-fails') async reloadFails(@Session() session: Session): Promise<string> {
    session['n'] = 1;
    await session.save();
    await session.reload().catch(() => undefined);
    return 'saved';
  }

  @Get('untouched-save') untouchedSave(@Session() session: Session): string {
    void session.save();
    return 'saved as it is';
  }

  @Get('forgotten-save') async forgottenSave(@Session() session: Session): Promise<string> {
    session['n'] = 1;
    void session.save();
    await turn();
    return 'saved in the end';
  }

  @Get('forgotten-cycle') async forgottenCycle(@Session() session: Session): Promise<string> {
    void this.sessions.cycleKey(session);
    await turn();
    return 'cycled in the end';
  }

  @Get('unawaited-cycle') unawaitedCycle(@Session() session: Session): string {
    void this.sessions.cycleKey(session);
    return 'cycled in the end';
  }

  @Get('flush') async flush(@Session() session: Session, @Query('status') status = '200'): Promise<string> {
    await session.flush();
    if (status !== '200') throw new HttpException('as asked', Number(status));
    return 'flushed';
  }

  @Get('flush-write') async flushThenWrite(
    @Session() session: Session,
    @Query('status') status = '200',
  ): Promise<string> {
    await session.flush();
    session['n'] = 2;
    if (status !== '200') throw new HttpException('as asked', Number(status));
    return 'begun again';
  }

  @Get('save-fail') async saveThenFail(@Session() session: Session): Promise<never> {
    session['n'] = 3;
    await session.save();
    throw new HttpException('as asked', 500);
  }

  @Get('cycle-fail') async cycleAtOnceThenFail(@Session() session: Session): Promise<never> {
    await this.sessions.cycleKey(session);
    throw new HttpException('as asked', 500);
  }

  @Get('clear') clear(@Session() session: Session): string {
    session.clear();
    return 'cleared';
  }

  @Get('cycle') async cycle(@Session() session: Session, @Query('status') status = '200'): Promise<string> {
    await session.cycleKey();
    if (status !== '200') throw new HttpException('as asked', Number(status));
    return 'cycled';
  }

  @Get('expiry') expiry(@Session() session: Session, @Query('at') at: string): string {
    session.setExpiry(at === 'null' ? null : /^-?[\d.]+$/.test(at) ? Number(at) : new Date(at));
    session['n'] = 1;
    return 'set';
  }

  @Get('logged-out') async loggedOut(@Session() session: Session): Promise<string> {
    await this.sessions.delete(session.key!);
    session['n'] = 1;
    return 'never';
  }

  @Post('headers') headers(
    @Session() session: Session,
    @Query('vary') vary: string,
    @Query('cache') cache: string,
    @Res({ passthrough: true }) response: AnyResponse,
  ): string {
    if (vary) response.header('Vary', vary);
    if (cache) response.header('Cache-Control', cache);
    session['n'] = 1;
    return 'with headers';
  }
}

const STORES = [
  ['memory', 'memory:'],
  ['Redis', process.env['TEST_REDIS_URL']!],
] as const;

const settings = PLATFORMS.flatMap((platform) => STORES.map(([name, url]) => [platform, name, url] as const));

describe.each(settings)('the session cookie on %s with %s', (platform, _store, url) => {
  let app: TestApp;
  let commits: CommitSwitch;

  const start = async (session: SessionOptions = {}): Promise<TestApp> => {
    commits = new CommitSwitch();
    app = await startApp(platform, {
      url,
      session,
      controllers: [CookieController],
      wrapStore: commits.wrap,
    });
    return app;
  };

  const seed = async (data: Record<string, unknown> = { n: 0 }): Promise<string> => {
    const session = await app.sessions.create();
    session.update(data);
    await session.save();
    commits.begun = 0;
    return session.key!;
  };

  const expectNothing = (answer: Answer): void => {
    expect(answer.setCookies).toEqual([]);
    expect(answer.headers['vary']).toBeUndefined();
    expect(answer.headers['cache-control']).toBeUndefined();
  };

  const expectDeleted = ({ setCookies, headers }: Answer): void => {
    expect(setCookies.map(parsedCookie)).toEqual([
      {
        name: 'sessionid',
        value: '',
        attributes: [
          'expires=thu, 01 jan 1970 00:00:00 gmt',
          'httponly',
          'max-age=0',
          'path=/',
          'samesite=lax',
        ],
      },
    ]);
    expect(headers['vary']).toBe('Cookie');
  };

  afterEach(() => app.close());

  describe('with the default settings', () => {
    beforeEach(() => start());

    it('M1 no cookie, untouched: no header at all', async () => {
      expectNothing(await app.send('/untouched'));
    });

    it('M2 no cookie, read: Vary', async () => {
      const answer = await app.send('/read');
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers['vary']).toBe('Cookie');
    });

    it('H2 M3 a save that the handler did not await is waited for, and gives its cookie', async () => {
      const first = await app.send('/unawaited-save');
      const key = keyFrom(first)!;
      expect(await app.stored()).toEqual({ [key]: { n: 1 } });
      commits.hold();
      const answered = jest.fn();
      const second = app.send('/unawaited-save', { cookie: key }).finally(answered);
      await commits.untilBegun();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(answered).not.toHaveBeenCalled();
      commits.release();
      expect(keyFrom(await second)).toBe(key);
    });

    it('H2 S15 also a save of a new session that is as yet empty', async () => {
      const key = keyFrom(await app.send('/untouched-save'))!;
      expect(await app.stored()).toEqual({ [key]: {} });
    });

    it('S60 M6 a reload that failed leaves the answer to a save before it as it is', async () => {
      const cookie = await seed();
      const get = app.store.get.bind(app.store);
      let reads = 0;
      const reading = jest
        .spyOn(app.store, 'get')
        .mockImplementation((key) => (++reads === 1 ? get(key) : Promise.reject(new RedisConnectionError())));
      const answer = await app.send('/reload-fails', { cookie });
      reading.mockRestore();
      expect(reads).toBe(2);
      expect(answer).toMatchObject({ status: 200, body: 'saved' });
      expect(await app.stored()).toEqual({ [cookie]: { n: 1 } });
    });

    it('H3 S60 of a save that the handler did not await, and that failed, the commit tells', async () => {
      const unhandled = jest.fn();
      process.on('unhandledRejection', unhandled);
      const cookie = await seed();
      commits.fail(new RedisConnectionError());
      for (const path of ['/forgotten-save', '/forgotten-cycle'])
        for (const sent of [undefined, cookie])
          expect((await app.send(path, { cookie: sent })).status).toBe(503);
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
      commits.fail(undefined);
      expect(await app.stored()).toEqual({ [cookie]: { n: 0 } });
    });

    it('H2 S21 so is a cycle, whose new key the client gets', async () => {
      const old = await seed();
      const key = keyFrom(await app.send('/unawaited-cycle', { cookie: old }))!;
      expect(key).not.toBe(old);
      expect(await app.stored()).toEqual({ [key]: { n: 0 } });
    });

    it('M3 no cookie, write: created, with the cookie and Vary', async () => {
      const before = Date.now();
      const answer = await app.send('/write');
      expect(answer.setCookies).toHaveLength(1);
      const { name, value, attributes } = parsedCookie(answer.setCookies[0]!);
      expect(name).toBe('sessionid');
      expect(value).toMatch(/^[a-z0-9]{32}$/);
      expect(attributes).toEqual([
        expect.stringMatching(/^expires=/),
        'httponly',
        'max-age=1209600',
        'path=/',
        'samesite=lax',
      ]);
      const expires = Date.parse(attributes[0]!.slice('expires='.length));
      expect(expires).toBeGreaterThan(before + 1_209_598_000);
      expect(expires).toBeLessThanOrEqual(Date.now() + 1_209_600_000);
      expect(answer.headers['vary']).toBe('Cookie');
      expect(await app.stored()).toEqual({ [value]: { n: 1 } });
    });

    it('M4 valid, untouched: nothing', async () => {
      expectNothing(await app.send('/untouched', { cookie: await seed() }));
      expect(commits.begun).toBe(0);
    });

    it('M5 valid, read: Vary only', async () => {
      const answer = await app.send('/read', { cookie: await seed({ n: 7 }) });
      expect(answer.body).toBe('{"n":7}');
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers['vary']).toBe('Cookie');
      expect(commits.begun).toBe(0);
    });

    it('M6 valid, write: saved, and the cookie sent again', async () => {
      const cookie = await seed();
      const answer = await app.send('/write', { cookie });
      expect(keyFrom(answer)).toBe(cookie);
      expect(await app.stored()).toEqual({ [cookie]: { n: 1 } });
    });

    it.each([400, 403, 404, 429, 499])('M8 an HttpException with status %i saves', async (status) => {
      const answer = await app.send(`/write?status=${status}`);
      expect(answer.status).toBe(status);
      expect(await app.stored()).toEqual({ [keyFrom(answer)!]: { n: 1 } });
    });

    it.each(['/write?status=500', '/write?status=503', '/by-hand'])(
      'M8 %s neither saves nor sends',
      async (path) => {
        const cookie = await seed();
        const answer = await app.send(path, { cookie });
        expect(answer.status).toBeGreaterThanOrEqual(500);
        expect(answer.setCookies).toEqual([]);
        expect(answer.headers['vary']).toBe('Cookie');
        expect(await app.stored()).toEqual({ [cookie]: { n: 0 } });
      },
    );

    it.each([200, 404, 500])('M9 flush deletes session and cookie, with status %i', async (status) => {
      const answer = await app.send(`/flush?status=${status}`, { cookie: await seed() });
      expect(answer.status).toBe(status);
      expectDeleted(answer);
      expect(await app.stored()).toEqual({});
    });

    it('M9 flush, then write, on a 500: nothing is saved, and the cookie of the ended session goes', async () => {
      expectDeleted(await app.send('/flush-write?status=500', { cookie: await seed() }));
      expect(await app.stored()).toEqual({});
    });

    it('M8 what was saved explicitly before a 500 gives no cookie', async () => {
      const answer = await app.send('/save-fail');
      expect(answer.status).toBe(500);
      expect(answer.setCookies).toEqual([]);
    });

    it('S21 SessionService.cycleKey before a 500 gives the new cookie: the old one is worth nothing', async () => {
      const answer = await app.send('/cycle-fail', { cookie: await seed() });
      expect(answer.status).toBe(500);
      expect(await app.stored()).toEqual({ [keyFrom(answer)!]: { n: 0 } });
    });

    it('M10 flush, then write: a new key', async () => {
      const cookie = await seed({ n: 1, old: true });
      const answer = await app.send('/flush-write', { cookie });
      expect(keyFrom(answer)).not.toBe(cookie);
      expect(await app.stored()).toEqual({ [keyFrom(answer)!]: { n: 2 } });
    });

    it('M12 clear: an empty session is saved, and the cookie kept', async () => {
      const cookie = await seed();
      expect(keyFrom(await app.send('/clear', { cookie }))).toBe(cookie);
      expect(await app.stored()).toEqual({ [cookie]: {} });
    });

    it.each(['', 'abc', '12345678', 'A'.repeat(32), `${'a'.repeat(31)}%`, 'a'.repeat(33), 'a'.repeat(4000)])(
      'M15 the malformed cookie %j is deleted, untouched or read, and never reaches the store',
      async (cookie) => {
        for (const path of ['/untouched', '/read', '/no-such-route'])
          expectDeleted(await app.send(path, { cookie }));
        const answer = await app.send('/write', { cookie });
        expect(await app.stored()).toEqual({ [keyFrom(answer)!]: { n: 1 } });
      },
    );

    it('M16 an unknown cookie, untouched: nothing', async () => {
      expectNothing(await app.send('/untouched', { cookie: UNKNOWN }));
    });

    it('M17 an unknown cookie, read: deleted, and Vary', async () => {
      expectDeleted(await app.send('/read', { cookie: UNKNOWN }));
    });

    it('M18 an unknown cookie, write: a new key, never adopted, never a 400', async () => {
      const answer = await app.send('/write', { cookie: UNKNOWN });
      expect(answer.status).toBe(200);
      expect(keyFrom(answer)).not.toBe(UNKNOWN);
      expect(await app.stored()).toEqual({ [keyFrom(answer)!]: { n: 1 } });
    });

    it('S21 cycleKey gives a new cookie, and a failing request leaves the old session', async () => {
      const cookie = await seed();
      const failed = await app.send('/cycle?status=500', { cookie });
      expect(failed.setCookies).toEqual([]);
      expect(await app.stored()).toEqual({ [cookie]: { n: 0 } });
      const answer = await app.send('/cycle', { cookie });
      expect(keyFrom(answer)).not.toBe(cookie);
      expect(await app.stored()).toEqual({ [keyFrom(answer)!]: { n: 0 } });
    });

    it.each([
      ['10', 10],
      ['1.5', 2],
      ['0.5', 1],
      ['-10', -10],
      ['null', 1_209_600],
    ])('M22 setExpiry(%s) gives Max-Age %i', async (at, maxAge) => {
      const answer = await app.send(`/expiry?at=${at}`);
      expect(parsedCookie(answer.setCookies[0]!).attributes).toContain(`max-age=${maxAge}`);
      const left = await app.store.remaining(app.storeKey(keyFrom(answer)!));
      if (maxAge > 0) expect(left! / 1000).toBeLessThanOrEqual(maxAge);
      if (maxAge > 2) expect(left! / 1000).toBeGreaterThan(maxAge - 2);
      if (maxAge < 0) expect(left).toBeUndefined();
    });

    it('M23 setExpiry(0) gives a cookie that ends with the browser, and a session of the default age', async () => {
      const answer = await app.send('/expiry?at=0');
      expect(parsedCookie(answer.setCookies[0]!).attributes).toEqual(['httponly', 'path=/', 'samesite=lax']);
      expect(await app.store.remaining(app.storeKey(keyFrom(answer)!))).toBeGreaterThan(1_209_500_000);
    });

    it('M24 setExpiry(Date) gives a cookie that ends when the session does', async () => {
      const date = new Date(Date.now() + 3_600_000);
      const answer = await app.send(`/expiry?at=${date.toISOString()}`);
      const expires = parsedCookie(answer.setCookies[0]!).attributes.find((each) =>
        each.startsWith('expires='),
      )!;
      expect(Math.abs(Date.parse(expires.slice('expires='.length)) - date.getTime())).toBeLessThan(2000);
      const left = (await app.store.remaining(app.storeKey(keyFrom(answer)!)))!;
      expect(Math.abs(Date.now() + left - date.getTime())).toBeLessThan(2000);
    });

    it.each([
      ['Accept-Encoding', 'Accept-Encoding, Cookie'],
      ['Origin, cookie', 'Origin, cookie'],
      ['*', '*'],
    ])('M26 Vary: %s becomes %s', async (before, after) => {
      const answer = await app.send(`/headers?vary=${encodeURIComponent(before)}`, { method: 'POST' });
      expect(answer.headerLines.filter(([name]) => name === 'vary')).toEqual([['vary', after]]);
    });

    it('M27 deleted elsewhere, then written: 400, and it stays deleted', async () => {
      const answer = await app.send('/logged-out', { cookie: await seed() });
      expect(answer.status).toBe(400);
      expect(answer.body).toContain('The session was ended before the request completed');
      expect(answer.setCookies).toEqual([]);
      expect(await app.stored()).toEqual({});
    });

    it.each([
      ['', 'private, no-store'],
      ['no-cache', 'private, no-cache'],
      ['max-age=60', 'private, max-age=60'],
      ['no-store', 'no-store'],
      ['private, max-age=60', 'private, max-age=60'],
      ['public, max-age=60', 'private, max-age=60'],
      ['PUBLIC', 'private'],
      ['max-age=1, S-MaxAge=60', 'private, max-age=1'],
      ['no-cache="Set-Cookie, X", public', 'private, no-cache="Set-Cookie, X"'],
      ['private="X-A, public", max-age=1', 'private, private="X-A, public", max-age=1'],
    ])('M31 Cache-Control %j becomes %j beside a session cookie', async (before, after) => {
      const answer = await app.send(`/headers?cache=${encodeURIComponent(before)}`, { method: 'POST' });
      expect(answer.headers['cache-control']).toBe(after);
    });
  });

  describe('with saveEveryRequest', () => {
    beforeEach(() => start({ saveEveryRequest: true }));

    it.each(['/untouched', '/read'])('M19 %s: saved and sent again, with Vary', async (path) => {
      const cookie = await seed();
      await app.store.expire(app.storeKey(cookie), 1000);
      const answer = await app.send(path, { cookie });
      expect(keyFrom(answer)).toBe(cookie);
      expect(answer.headers['vary']).toBe('Cookie');
      expect(await app.store.remaining(app.storeKey(cookie))).toBeGreaterThan(1_209_500_000);
      expect(commits.begun).toBe(1);
    });

    it('M20 no session is made for who has none', async () => {
      expectNothing(await app.send('/untouched'));
      expect((await app.send('/read')).setCookies).toEqual([]);
      expectNothing(await app.send('/untouched', { cookie: UNKNOWN }));
      expect(await app.stored()).toEqual({});
    });

    it('M21 not on an error of the server', async () => {
      const cookie = await seed();
      await app.store.expire(app.storeKey(cookie), 1000);
      expect((await app.send('/write?status=500', { cookie })).setCookies).toEqual([]);
      expect(await app.store.remaining(app.storeKey(cookie))).toBeLessThanOrEqual(1000);
    });
  });

  it('M25, H8 attributes as configured, for the cookie and for its deletion, whatever the protocol', async () => {
    await start({
      cacheControl: null,
      cookie: {
        name: 'sessionid',
        path: '/app',
        domain: 'example.com',
        secure: true,
        httpOnly: false,
        sameSite: 'none',
        partitioned: true,
        priority: 'high',
      },
    });
    const attributes = [
      'domain=example.com',
      'partitioned',
      'path=/app',
      'priority=high',
      'samesite=none',
      'secure',
    ];
    const given = await app.send('/write', { headers: { 'X-Forwarded-Proto': 'http' } });
    expect(parsedCookie(given.setCookies[0]!).attributes).toEqual(expect.arrayContaining(attributes));
    expect(parsedCookie(given.setCookies[0]!).attributes).toHaveLength(attributes.length + 2);
    expect(given.headers['cache-control']).toBeUndefined();
    const taken = await app.send('/flush', { cookie: keyFrom(given) });
    expect(parsedCookie(taken.setCookies[0]!).attributes).toEqual(
      [...attributes, 'expires=thu, 01 jan 1970 00:00:00 gmt', 'max-age=0'].sort(),
    );
  });

  it('M9 a cookie is deleted with the Secure and HttpOnly it was set with', async () => {
    await start({ cookie: { secure: true } });
    const answer = await app.send('/flush', { cookie: await seed() });
    expect(parsedCookie(answer.setCookies[0]!).attributes).toEqual(
      expect.arrayContaining(['httponly', 'secure']),
    );
  });
});

describe('M25 a session cookie that no browser would take', () => {
  it.each([
    [{ sameSite: 'none', secure: false }],
    [{ name: '__Host-sid', secure: false }],
    [{ name: '__Host-sid', secure: true, domain: 'example.com' }],
    [{ name: '__Secure-sid', secure: false }],
    [{ sameSite: 'bogus' }],
    [{ name: 'a b' }],
  ])('%j fails at the start', async (cookie) => {
    await expect(startApp('express', { session: { cookie: cookie as object } })).rejects.toThrow(
      ImproperlyConfiguredError,
    );
  });
});
