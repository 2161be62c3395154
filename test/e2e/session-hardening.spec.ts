import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Header,
  Logger,
  Post,
  UseFilters,
} from '@nestjs/common';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { COOKIE, PLATFORMS, SECRET_KEY, startApp, type TestApp } from '../support/http-app.js';
import { signedText, signerOf } from '../support/sessions.js';

const signer = signerOf(SECRET_KEY);
const signJson = (json: string): string => signedText(signer, Buffer.from(json));

const FOR_SHARED_CACHES = [
  'CDN-Cache-Control',
  'Surrogate-Control',
  'X-Accel-Expires',
  'Akamai-Cache-Control',
  'Cloudflare-CDN-Cache-Control',
  'Edge-Control',
  'Fastly-Surrogate-Control',
  'Netlify-CDN-Cache-Control',
  'Vercel-CDN-Cache-Control',
];

/** Sets every header that tells shared caches more than Cache-Control does. */
const ForSharedCaches = (): MethodDecorator => (target, name, descriptor) => {
  for (const header of FOR_SHARED_CACHES) Header(header, 'max-age=60')(target, name, descriptor);
};

/** Answers a TypeError with its message. */
@Catch(TypeError)
class TypeErrors implements ExceptionFilter {
  catch(error: TypeError, host: ArgumentsHost): void {
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(text: string): void } }>();
    response.status(400).send(error.message);
  }
}

@UseFilters(TypeErrors)
@Controller()
class AccountController {
  @ForSharedCaches()
  @Get('page')
  page(): string {
    return 'the same for everybody';
  }

  @ForSharedCaches()
  @Get('visit')
  visit(@Session() session: Session<{ visits: number }>): object {
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits };
  }

  @Get('login')
  async login(@Session() session: Session): Promise<object> {
    await session.signIn(7);
    return { key: session.key };
  }

  @Post('profile')
  profile(@Session() session: Session, @Body() body: Record<string, unknown>): object {
    session.update(body);
    return session.toJSON();
  }
}

describe.each(PLATFORMS)('what an attacker tries over HTTP, on %s', (platform) => {
  const key = 'k'.repeat(32);
  const cookie = `${COOKIE}=${key}`;
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(platform, { controllers: [AccountController], session: { maxBytes: 2000 } });
  });
  afterAll(() => app.close());

  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => jest.restoreAllMocks());

  const put = (text: string): Promise<void> => app.store.set(app.storeKey(key), text, 60_000);
  const profile = (body: object): ReturnType<TestApp['send']> =>
    app.send('/profile', {
      method: 'POST',
      headers: { Cookie: cookie, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('SX5 what tells shared caches to keep a response is dropped beside a session cookie, and kept elsewhere', async () => {
    const [page, visit] = [await app.send('/page'), await app.send('/visit')];
    expect(visit.setCookies).toHaveLength(1);
    for (const name of FOR_SHARED_CACHES) {
      expect(page.headers[name.toLowerCase()]).toBe('max-age=60');
      expect(visit.headers[name.toLowerCase()]).toBeUndefined();
    }
  });

  it('SX3 a session beyond maxBytes is answered with 413, and stays as it was', async () => {
    await put(signJson('{"a":1}'));
    const refused = await profile({ text: Array.from({ length: 3000 }, (_, n) => n).join() });
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([
      413,
      { statusCode: 413, code: 'CODEX_REDIS_SESSION_TOO_LARGE' },
    ]);
    expect(await app.stored()).toMatchObject({ [key]: { a: 1 } });
  });

  it('SX9 a body cannot write the names of Django and of this module', async () => {
    await put(signJson('{"a":1}'));
    for (const name of ['_auth_user_id', '_session_expiry', '_codex_started']) {
      const refused = await profile({ [name]: '1' });
      expect([refused.status, refused.body]).toEqual([400, expect.stringContaining('session.update()')]);
    }
    expect(await app.stored()).toMatchObject({ [key]: { a: 1 } });
  });

  it.each([
    ['SX7 a forged session', `${signJson('{"_auth_user_id":"1"}')}x`],
    ['SX10 one that nests too deep', signJson(`{"deep":${'['.repeat(5000)}${']'.repeat(5000)}}`)],
  ])('%s reads empty, and a login gets a fresh key', async (_, text) => {
    await put(text);
    const { status, body, setCookies } = await app.send('/login', { headers: { Cookie: cookie } });
    const { key: fresh } = JSON.parse(body) as { key: string };
    expect([status, fresh === key]).toEqual([200, false]);
    expect(setCookies.join()).toContain(fresh);
    expect(await app.store.get(app.storeKey(key))).toBeNull();
    expect(await app.stored()).toMatchObject({ [fresh]: { _auth_user_id: '7' } });
    expect(body).not.toContain(SECRET_KEY);
  });
});
