import { Body, Controller, type ExecutionContext, Get, Headers, Post, Query, Req, Res } from '@nestjs/common';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer, RequestOptions } from '../support/http-request.js';

interface Sender {
  header(name: string, value: string): void;
}

const scopeOf = (context: ExecutionContext): string => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
  return JSON.parse(headers['x-scope'] ?? '') as string;
};

interface Loaded {
  readonly session: Session<{ name?: string }>;
}

@Controller('pages')
class PagesController {
  @Post('name')
  name(@Session() session: Session<{ name: string }>, @Headers('x-name') name: string): void {
    session.name = name;
  }

  @CacheResponse({ timeout: 60 })
  @Get('query')
  query(@Query() query: unknown): unknown {
    return query;
  }

  @CacheResponse({ timeout: 60 })
  @Get('body')
  body(@Body() body: unknown): object {
    return { body: body ?? null };
  }

  @CacheResponse({ timeout: 60 })
  @Get('lazy')
  lazy(@Req() request: Loaded): object {
    return { toJSON: () => ({ name: request.session.name ?? null }) };
  }

  @CacheResponse({ timeout: 60 })
  @Get('lazy-cookie')
  lazyCookie(@Headers('x-name') name: string, @Res({ passthrough: true }) response: Sender): object {
    return {
      toJSON: () => {
        response.header('Set-Cookie', `name=${name}`);
        return { name };
      },
    };
  }

  @CacheResponse({ timeout: 60, scope: scopeOf })
  @Get('scoped')
  scoped(): string {
    return 'scoped';
  }
}

/** What other code of the application may have put under the key of a response. */
const stored = (): object => ({
  status: 200,
  type: 'text/plain',
  headers: {},
  cacheControl: 'no-cache',
  etag: '"e"',
  storedAt: 0,
  body: 'stored',
  encoding: 'utf8',
});

describe.each(PLATFORMS)('cached responses on %s, attacked,', (platform) => {
  let app: TestApp;

  beforeAll(async () => (app = await startApp(platform, { controllers: [PagesController] })));
  afterEach(() => cache().deletePattern('*'));
  afterAll(() => app.close());

  const cache = (): CacheService => app.app.get(CacheService, { strict: false });
  const get = (path: string, options?: RequestOptions): Promise<Answer> =>
    app.send(`/pages/${path}`, options);
  const status = ({ headers }: Answer): string | undefined => headers['cache-status'];

  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const key of cache().keys()) found.push(key);
    return found;
  };

  const logIn = async (name: string): Promise<string> => {
    const { setCookies } = await get('name', { method: 'POST', headers: { 'X-Name': name } });
    return setCookies[0]!.slice(COOKIE.length + 1, setCookies[0]!.indexOf(';'));
  };

  it.each([
    ['a plus and %20 in a name', 'query?a+b=1&a%20b=2', 'query?a%20b=2&a+b=1'],
    ['a wrong escape', 'query?a%zz%41=1&a%25zz%2541=2', 'query?a%25zz%2541=2&a%zz%41=1'],
    ['a fragment in the query', 'query?b=1&a=2#x', 'query?a=2#x&b=1'],
    ['a fragment before the query', 'query#x?b=1&a=2', 'query#x?a=2&b=1'],
    ['a semicolon before the query', 'query;x?b=1&a=2', 'query;x?a=2&b=1'],
  ])('RC2 keep requests apart that a parser may read differently: %s', async (_, one, other) => {
    const alone = await get(other);
    await cache().deletePattern('*');
    await get(one);
    const after = await get(other);
    expect([after.status, after.body]).toEqual([alone.status, alone.body]);
    if (after.status === 200) expect(status(after)).toMatch(/fwd=miss/);
  });

  it('RC4 do not share what a body may have made of them', async () => {
    const answers = [
      await get('body', { body: '{"evil":1}' }),
      await get('body', { headers: { 'Transfer-Encoding': 'chunked' } }),
    ];
    for (const answer of answers) expect(status(answer)).toBe('codex-redis; fwd=bypass; detail=body');
    expect((await get('body')).body).not.toContain('evil');
  });

  it('RC4 RC5 do not store what a value says of the visitor while it is written', async () => {
    const ada = await get('lazy', { cookie: await logIn('ada') });
    const stranger = await get('lazy');
    expect([ada.body, stranger.body]).toEqual(['{"name":"ada"}', '{"name":null}']);
    expect(status(ada)).toBe('codex-redis; fwd=miss; detail=session');
  });

  it('RC4 do not store what sets a cookie while it is written', async () => {
    const answers = [
      await get('lazy-cookie', { headers: { 'X-Name': 'ada' } }),
      await get('lazy-cookie', { headers: { 'X-Name': 'bob' } }),
    ];
    expect(answers.map(({ body }) => body)).toEqual(['{"name":"ada"}', '{"name":"bob"}']);
    for (const answer of answers) expect(status(answer)).toBe('codex-redis; fwd=miss; detail=set-cookie');
  });

  it('RC5 refuse scopes that would be one in UTF-8', async () => {
    const codes = ['"a"', '"\\ud800"', '"\\ud801"'].map(async (scope) => {
      const answer = await get('scoped', { headers: { 'X-Scope': scope } });
      return answer.status;
    });
    expect(await Promise.all(codes)).toEqual([200, 500, 500]);
    expect(await keys()).toHaveLength(1);
  });

  it.each([
    { etag: 1 },
    { etag: 'W/"x"' },
    { ...stored(), headers: null },
    { ...stored(), etag: 'a\r\nSet-Cookie: b=c' },
    { ...stored(), headers: { 'x-own': 'a\nb' } },
    { ...stored(), storedAt: 'now' },
    { ...stored(), status: 101 },
    { ...stored(), status: 304 },
    { ...stored(), status: 999 },
    { ...stored(), encoding: 'hex' },
    { ...stored(), headers: { 'no name': 'x' } },
    { ...stored(), headers: { 'set-cookie': 'a=b' } },
    { ...stored(), body: {} },
  ])('RC9 do not take %j for a response', async (entry) => {
    const first = await get('query?a=1');
    const [key] = await keys();
    await cache().set(key!, { route: 'PagesController.query', ...entry });
    const answer = await get('query?a=1');
    expect([answer.status, answer.body]).toEqual([200, first.body]);
    expect(status(answer)).toBe('codex-redis; fwd=miss; detail=foreign-entry');
  });
});
