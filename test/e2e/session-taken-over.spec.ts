import { Controller, Get, InternalServerErrorException, Logger, Post } from '@nestjs/common';
import { jest } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import type { SessionOrigin } from '../../lib/config/session-origin.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { systemClock } from '../../lib/common/clock.js';
import { SessionService } from '../../lib/session/session.service.js';
import { connectRedis } from '../../lib/session/wire/connect-redis.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';
import { secretKeys, sessionSettings } from '../support/sessions.js';

const SECRET = 'the secret of the earlier application';
const MINUTE = 60_000;

@Controller()
class VisitorController {
  @Get('untouched') untouched(): string {
    return 'untouched';
  }

  @Get('name') name(@Session('name') name: string | undefined): string {
    return name ?? 'nobody';
  }

  @Get('broken') broken(@Session() session: Session): never {
    session['name'] = 'lost';
    throw new InternalServerErrorException();
  }

  @Post('logout') async logout(@Session() session: Session): Promise<void> {
    await session.flush();
  }
}

/** Lets a test hold the reads of the earlier sessions. */
class Reads {
  held: Promise<void> = Promise.resolve();
  begun = (): void => undefined;
}

describe.each(PLATFORMS)('BR2 sessions of an earlier application, on %s', (platform) => {
  const reads = new Reads();
  let app: TestApp;
  let earlierName = 'connect.sid';

  const start = async (custom?: Partial<SessionOrigin>): Promise<void> => {
    const migrateFrom = { ...connectRedis({ secret: SECRET, cookieName: earlierName }), ...custom };
    app = await startApp(platform, {
      controllers: [VisitorController],
      session: { migrateFrom },
      wrapStore: (store) =>
        new Proxy(store, {
          get: (target, verb) => {
            const member = Reflect.get(target, verb) as unknown;
            if (typeof member !== 'function') return member;
            return async (...args: unknown[]): Promise<unknown> => {
              const answer: unknown = await Reflect.apply(member, target, args);
              if (verb !== 'get' || !String(args[0]).startsWith('sess:')) return answer;
              reads.begun();
              await reads.held;
              return answer;
            };
          },
        }),
    });
  };

  /** Stores a session as the earlier application did; its Cookie header. */
  const arrive = async (text = '{"cookie":{"path":"/"},"name":"ann"}', ttl = MINUTE): Promise<string> => {
    const id = randomBytes(24).toString('base64url');
    await app.store.set(`sess:${id}`, text, ttl);
    const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '');
    return `${earlierName}=${encodeURIComponent(`s:${id}.${signature}`)}`;
  };

  const left = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const page of app.store.scan('sess:*')) keys.push(...page);
    return keys;
  };

  beforeEach(async () => {
    earlierName = 'connect.sid';
    reads.held = Promise.resolve();
    await start();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    return app.close();
  });

  it('BR2 a request that does not touch the session takes it over as well: key given, old cookie and session gone', async () => {
    const answer = await app.send('/untouched', { headers: { cookie: await arrive() } });
    const key = keyFrom(answer)!;
    expect(Object.keys(await app.stored())).toEqual([key]);
    expect(answer.setCookies).toEqual([
      expect.stringMatching(new RegExp(`^${COOKIE}=[a-z0-9]{32};`)),
      expect.stringMatching(/^connect\.sid=; Max-Age=0;/),
    ]);
    expect(await left()).toEqual([]);
    expect(await app.store.remaining(app.storeKey(key))).toBeLessThanOrEqual(MINUTE);
    expect((await app.send('/name', { cookie: key })).body).toBe('ann');
  });

  it('BR2 the new key is an HMAC of the old id: who has only the cookie cannot know it', async () => {
    const [cookie, other] = [await arrive(), await arrive()];
    const keyBy = (secret: string, header: string): string | undefined =>
      new SessionService(
        app.store,
        sessionSettings({ secretKeys: secretKeys(secret), migrateFrom: connectRedis({ secret: SECRET }) }),
        systemClock,
      ).earlierSession(header)?.key;
    const secrets = ['a secret of at least thirty-two bytes', 'another secret of at least thirty-two bytes'];
    const keys = [cookie, other].flatMap((header) => secrets.map((secret) => keyBy(secret, header)));
    for (const key of keys) expect(key).toMatch(/^[a-z0-9]{32}$/);
    expect(new Set(keys).size).toBe(4);
    expect(keyBy(secrets[0]!, cookie)).toBe(keys[0]);
  });

  it('BR2 the old cookie beside one that is known does nothing, beside an unknown one it counts', async () => {
    const cookie = await arrive();
    const key = keyFrom(await app.send('/untouched', { headers: { cookie } }));
    const newer = await arrive('{"cookie":{},"name":"bea"}');
    const beside = (own: string | undefined) =>
      app.send('/name', { headers: { cookie: `${COOKIE}=${own ?? ''}; ${newer}` } });
    expect((await beside(key)).body).toBe('ann');
    expect(await left()).toHaveLength(1);
    expect((await beside('x'.repeat(32))).body).toBe('bea');
    expect(await left()).toEqual([]);
  });

  it("BR2 takes over no entries that are this module's own", async () => {
    const own = { _codex_confirmed: 9e15, _codex_started: 9e15, _codex_cycled: true, _codex_device: 'x' };
    const answer = await app.send('/name', {
      headers: { cookie: await arrive(JSON.stringify({ name: 'ann', ...own })) },
    });
    expect(answer.body).toBe('ann');
    const text = await app.store.get(app.storeKey(keyFrom(answer)!));
    expect(app.sessions.decode(text!)).toEqual({ name: 'ann' });
  });

  it('BR2 of several old cookies the first counts, as it did for the earlier application', async () => {
    const first = await arrive('{"cookie":{},"name":"first"}');
    const last = await arrive('{"cookie":{},"name":"last"}');
    const forged = `${earlierName}=s%3Aforged.signature`;
    const cookie = [forged, first, last].join('; ');
    expect((await app.send('/name', { headers: { cookie } })).body).toBe('first');
    expect(await left()).toHaveLength(1);
  });

  it('BR2 a failed first request is finished by the next', async () => {
    const cookie = await arrive();
    const failed = await app.send('/broken', { headers: { cookie } });
    expect([failed.status, failed.setCookies]).toEqual([500, []]);
    expect((await app.send('/name', { headers: { cookie } })).body).toBe('ann');
    expect(Object.values(await app.stored())).toEqual([{ name: 'ann' }]);
  });

  it('BR2 the new cookie may have the name of the old one', async () => {
    await app.close();
    earlierName = COOKIE;
    await start();
    const answer = await app.send('/name', { headers: { cookie: await arrive() } });
    expect([answer.body, answer.setCookies]).toEqual(['ann', [expect.any(String)]]);
    expect((await app.send('/name', { cookie: keyFrom(answer) })).body).toBe('ann');
  });

  it('BR2 the application reads cookies of a signer and texts of a serializer of its own', async () => {
    await app.close();
    await start({
      redisKeyOf: (cookie) => (cookie.endsWith('!') ? `sess:${cookie.slice(0, -1)}` : undefined),
      entriesOf: (text) => JSON.parse(Buffer.from(text, 'base64').toString()) as Record<string, unknown>,
    });
    await app.store.set('sess:7', Buffer.from('{"name":"ann"}').toString('base64'), MINUTE);
    const named = async (cookie: string) => (await app.send('/name', { headers: { cookie } })).body;
    expect(await named('connect.sid=7')).toBe('nobody');
    expect(await named('connect.sid=7!')).toBe('ann');
    expect(await left()).toEqual([]);
  });

  it.each([
    ['text that is not JSON', 'a pickle', 'is not JSON as connect-redis stores it'],
    ['an array', '[]', 'is not JSON as connect-redis stores it'],
    [
      'what is nested too deep',
      `{"cookie":{},"deep":${'['.repeat(600)}${']'.repeat(600)}}`,
      'holds values that are not strict JSON',
    ],
  ])('BR2 %s is left alone, and the log says why, once a minute', async (_, text, reason) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const answer = await app.send('/name', { headers: { cookie: await arrive(text) } });
    expect([answer.status, answer.body]).toEqual([200, 'nobody']);
    expect(await left()).toHaveLength(1);
    await app.send('/name', { headers: { cookie: await arrive(text) } });
    expect(warn.mock.calls).toEqual([[expect.stringContaining(reason)]]);
    expect(String(warn.mock.calls[0])).not.toContain(text);
  });

  it('BR2 a logout before the session was loaded ends the old one as well', async () => {
    const cookie = await arrive();
    const session = app.sessions.open([], app.sessions.earlierSession(cookie));
    await app.sessions.flush(session);
    expect((await app.send('/name', { headers: { cookie } })).body).toBe('nobody');
    expect([await app.stored(), await left()]).toEqual([{}, []]);
  });

  it('BR2 a logout also ends an old session that stands beside the own one', async () => {
    const key = keyFrom(await app.send('/untouched', { headers: { cookie: await arrive() } }));
    const beside = await arrive('{"cookie":{},"name":"bea"}');
    const cookie = `${COOKIE}=${key}; ${beside}`;
    const answer = await app.send('/logout', { method: 'POST', headers: { cookie } });
    expect(answer.setCookies).toEqual([
      expect.stringMatching(new RegExp(`^${COOKIE}=;`)),
      expect.stringMatching(/^connect\.sid=; Max-Age=0;/),
    ]);
    expect((await app.send('/name', { headers: { cookie } })).body).toBe('nobody');
    expect([await app.stored(), await left()]).toEqual([{}, []]);
  });

  it('BR2 a reload takes it over', async () => {
    const session = app.sessions.open<{ name: string }>([], app.sessions.earlierSession(await arrive()));
    await session.reload();
    expect(session.name).toBe('ann');
  });

  it('BR2 a logout is not undone by a request that had read the old session before', async () => {
    const cookie = await arrive();
    let release = (): void => undefined;
    reads.held = new Promise((resolve) => (release = resolve));
    const hasRead = new Promise<void>((resolve) => (reads.begun = resolve));
    const late = app.send('/name', { headers: { cookie } });
    await hasRead;
    reads.held = Promise.resolve();
    const key = keyFrom(await app.send('/name', { headers: { cookie } }));
    await app.send('/logout', { method: 'POST', cookie: key });
    release();
    expect((await late).body).toBe('nobody');
    expect([await app.stored(), await left()]).toEqual([{}, []]);
  });
});
