import { Controller, Get, Inject, Res } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { type Answer, parsedCookie } from '../support/http-request.js';
import { TestClock } from '../../lib/testing/test-clock.js';

interface Vector {
  readonly case: string;
  readonly seeded_session: Record<string, unknown> | null;
  readonly request_cookie: string | null;
  readonly response_status: number;
  readonly response_vary_before: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly set_cookie?: string | null;
  readonly vary?: string | null;
  readonly vary_since_CVE_2026_35192?: string;
  readonly stored?: Readonly<Record<string, unknown>>;
  readonly raises?: string;
}

const { cases } = JSON.parse(
  readFileSync(new URL('../vectors/django-session-middleware.json', import.meta.url), 'utf8'),
) as { cases: Vector[] };

/** What the handler of a case does; most say it in their name. */
type Deed = (session: Session, service: SessionService) => unknown;

const write: Deed = (session) => (session['a'] = 1);
const read: Deed = (session) => session['a'];
const setExpiry =
  (expiry: number | null): Deed =>
  (session) => {
    write(session, undefined as never);
    session.setExpiry(expiry);
  };

const deeds: readonly (readonly [pattern: RegExp, deed: Deed])[] = [
  [/write then delete/, (session) => (write(session, undefined as never), session.delete('a'))],
  [/write same value/, (session) => (session['a'] = 0)],
  [/nested mutation/, (session) => (session['l'] as unknown[]).push(1)],
  [/clear\(\)/, (session) => session.clear()],
  [/flush\(\) then write/, async (session, service) => (await session.flush(), write(session, service))],
  [/flush/, (session) => session.flush()],
  [/cycle_key\(\)/, (session) => session.cycleKey()],
  [/save\(\)/, (session) => session.save()],
  [/pop missing/, (session) => session.pop('missing', 0)],
  [/`in`/, (session) => 'a' in session],
  [/get_expiry_age\(\)/, (session) => session.getExpiryAge()],
  [/no cookie, set_expiry\(None\)/, (session) => session.setExpiry(null)],
  [/set_expiry\(300\)/, setExpiry(300)],
  [/set_expiry\(-10\)/, setExpiry(-10)],
  [/set_expiry\(None\)/, setExpiry(null)],
  [/read, delete\(\)/, (session, service) => (read(session, service), service.delete(session))],
  [
    /raced by logout/,
    async (session, service) => (await service.delete(session.key!), write(session, service)),
  ],
  [/untouched/, () => undefined],
  [/write/, write],
  [/read/, read],
];

const deedOf = (vector: Vector): Deed => deeds.find(([pattern]) => pattern.test(vector.case))![1];

const settingsOf = ({ settings }: Vector): SessionOptions => {
  const named = (name: string): unknown => settings[`SESSION_${name}`];
  const has = (name: string): boolean => `SESSION_${name}` in settings;
  const sameSite = named('COOKIE_SAMESITE');
  return {
    age: (named('COOKIE_AGE') ?? 1_209_600) as number,
    saveEveryRequest: named('SAVE_EVERY_REQUEST') === true,
    expireAtBrowserClose: named('EXPIRE_AT_BROWSER_CLOSE') === true,
    cookie: {
      name: COOKIE,
      secure: named('COOKIE_SECURE') === true,
      httpOnly: named('COOKIE_HTTPONLY') !== false,
      ...(has('COOKIE_PATH') && { path: named('COOKIE_PATH') as string | null }),
      ...(has('COOKIE_DOMAIN') && { domain: named('COOKIE_DOMAIN') as string }),
      ...(has('COOKIE_SAMESITE') && {
        sameSite: (typeof sameSite === 'string' ? sameSite.toLowerCase() : sameSite) as 'none' | false,
      }),
    },
  };
};

/** Where this module means to differ from Django; contract.md names the four. */
const ours = (vector: Vector): Vector => {
  const given =
    'sessionid=<SAMEKEY>; expires=Tue, 28 Nov 2023 22:13:20 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax';
  switch (vector.case) {
    case 'valid, nested mutation only': // S38
      return { ...vector, set_cookie: given, stored: { '<SAMEKEY>': { l: [1] } } };
    case 'SAVE_EVERY, stale, untouched': // M19
      return { ...vector, set_cookie: null, stored: {}, vary: null };
  }
  // M9: a cookie is deleted with the attributes it was set with
  if (vector.set_cookie?.includes('Max-Age=0'))
    return { ...vector, set_cookie: `${vector.set_cookie}; HttpOnly` };
  return vector;
};

let vector: Vector;

@Controller()
class VectorController {
  constructor(@Inject(SessionService) private readonly service: SessionService) {}

  @Get('run')
  async run(
    @Session() session: Session,
    @Res({ passthrough: true })
    response: { header(name: string, value: string): void; status(code: number): void },
  ): Promise<string> {
    if (vector.response_vary_before !== null) response.header('Vary', vector.response_vary_before);
    await deedOf(vector)(session, this.service);
    response.status(vector.response_status);
    return 'done';
  }
}

const varyOf = ({ headerLines }: Answer): string | null => {
  const lines = headerLines.filter(([name]) => name === 'vary').map(([, value]) => value);
  return lines.length === 0 ? null : lines.join(', ');
};

describe.each(PLATFORMS)("Django's own cases of its session middleware on %s", (platform) => {
  let app: TestApp | undefined;

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const start = (): Promise<TestApp> =>
    startApp(platform, {
      session: settingsOf(vector),
      clock: new TestClock(1_700_000_000_000),
      controllers: [VectorController],
    });

  const named = cases.map(ours).map((each) => [each.case, each] as const);

  it.each(named.filter(([, { raises }]) => raises === undefined))('%s', async (_name, each) => {
    vector = each;
    app = await start();
    const seeded = vector.seeded_session === null ? undefined : await seed(app, vector.seeded_session);
    const cookie = vector.request_cookie === '<SAMEKEY>' ? seeded : (vector.request_cookie ?? undefined);

    const answer = await app.send('/run', { cookie });

    expect(answer.status).toBe(vector.response_status);
    const stored = await app.stored();
    const name = (key: string): string => (key === seeded ? '<SAMEKEY>' : '<NEWKEY>');
    const cookies = answer.setCookies.map(parsedCookie);
    expect(cookies.map((each) => ({ ...each, value: each.value === '' ? '' : name(each.value) }))).toEqual(
      typeof vector.set_cookie === 'string' ? [parsedCookie(vector.set_cookie)] : [],
    );
    expect(varyOf(answer)).toBe(vector.vary);
    expect(Object.fromEntries(Object.entries(stored).map(([key, data]) => [name(key), data]))).toEqual(
      vector.stored,
    );
    for (const key of Object.keys(stored)) if (cookies[0]?.value) expect(key).toBe(cookies[0].value);
  });

  it('M27 save raced by logout: 400, and the session stays gone', async () => {
    vector = named.find(([name]) => name === 'save raced by logout')![1];
    app = await start();
    const cookie = await seed(app, vector.seeded_session!);
    const answer = await app.send('/run', { cookie });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      statusCode: 400,
      message: expect.stringContaining('The session was ended before the request completed') as string,
      code: 'CODEX_REDIS_SESSION_INTERRUPTED',
    });
    expect(answer.setCookies).toEqual([]);
    expect(await app.stored()).toEqual({});
  });

  it('M25 SAMESITE bogus: fails at the start', async () => {
    vector = named.find(([name]) => name === 'SAMESITE bogus')![1];
    await expect(start()).rejects.toThrow(ImproperlyConfiguredError);
  });
});

const seed = async (app: TestApp, data: Record<string, unknown>): Promise<string> => {
  const session = await app.sessions.create();
  session.update(data);
  await session.save();
  return session.key!;
};
