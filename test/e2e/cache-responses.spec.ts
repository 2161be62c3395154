import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Headers,
  HttpCode,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Param,
  Query,
  Redirect,
  Res,
  Scope,
  Sse,
  StreamableFile,
  UseInterceptors,
  VersioningType,
} from '@nestjs/common';
import { map, type Observable, of } from 'rxjs';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { cacheEvents } from '../support/cache-events.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer, RequestOptions } from '../support/http-request.js';

/** What the handlers count, so that a test sees which requests reached them. */
let runs = 0;

interface Sender {
  setHeader?(name: string, value: string): void;
  header(name: string, value: string): void;
  status(code: number): void;
  send(body: unknown): void;
}

@Controller('pages')
class PagesController {
  @CacheResponse({ timeout: 60 })
  @Get('list')
  list(@Query() query: Record<string, unknown>): object {
    return { run: ++runs, query };
  }

  @CacheResponse({ timeout: '2m', query: ['page'] })
  @Get('listed')
  listed(@Query('page') page: string): object {
    return { run: ++runs, page };
  }

  @CacheResponse({ timeout: 60, vary: ['Accept-Language'] })
  @Get('spoken')
  spoken(@Headers('accept-language') language: string): string {
    return `${language} ${++runs}`;
  }

  @CacheResponse({ timeout: 60, host: true })
  @Get('host')
  host(): string {
    return `run ${++runs}`;
  }

  @CacheResponse({ timeout: 60, headers: ['X-Total'] })
  @Get('headers')
  @Header('X-Fixed', 'always')
  headers(@Res({ passthrough: true }) response: Sender): unknown[] {
    response.header('X-Total', String(++runs));
    response.header('X-Unlisted', 'once');
    return [];
  }

  @CacheResponse({ timeout: 60 })
  @Get('own-headers')
  @Header('Cache-Control', 'public, max-age=5')
  @Header('ETag', '"mine"')
  @Header('Content-Type', 'text/csv')
  ownHeaders(): string {
    return `a,${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('value/:kind')
  value(@Param('kind') kind: keyof typeof VALUES): unknown {
    runs++;
    return VALUES[kind]();
  }

  @CacheResponse({ timeout: 60 })
  @Get('plain')
  plain(): string {
    return `plain ${++runs}`;
  }

  @Get('uncached')
  uncached(): string {
    return `uncached ${++runs}`;
  }
}

const VALUES = {
  text: () => 'a text',
  emptyText: () => '',
  number: () => 42,
  zero: () => 0,
  false: () => false,
  null: () => null,
  undefined: () => undefined,
  list: () => [1, 'é', null],
  object: () => ({ nested: { ü: 1 }, at: new Date(0) }),
  buffer: () => Buffer.from([0, 255, 1]),
  observable: () => of(1, 2, 3),
  promise: () => Promise.resolve({ later: true }),
};

const REFUSED: Readonly<Record<string, { why: string; status?: number }>> = {
  created: { why: 'status', status: 201 },
  found: { why: 'status', status: 302 },
  cookie: { why: 'set-cookie' },
  'vary-all': { why: 'vary' },
  'vary-unlisted': { why: 'vary' },
  'no-store': { why: 'no-store' },
  private: { why: 'private' },
  'private-field': { why: 'private' },
  stream: { why: 'stream' },
  generator: { why: 'stream' },
  large: { why: 'too-large' },
  encoded: { why: 'encoding' },
  'error-value': { why: 'error', status: 500 },
  missing: { why: 'error', status: 404 },
  broken: { why: 'error', status: 500 },
};

/** Streamed by Nest 12, and JSON of an object for Nest 11: never stored. */
const letters = async function* (run: number): AsyncGenerator<string> {
  yield await Promise.resolve(String(run));
};

@Controller('refused')
class RefusedController {
  @CacheResponse({ timeout: 60 })
  @Get('created')
  @HttpCode(201)
  created(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('found')
  found(@Res({ passthrough: true }) response: Sender): string {
    response.status(302);
    response.header('Location', '/elsewhere');
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60, scope: 'shared' })
  @Get('cookie')
  cookie(@Res({ passthrough: true }) response: Sender): string {
    response.header('Set-Cookie', 'a=b');
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('vary-all')
  @Header('Vary', '*')
  varyAll(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60, vary: ['Accept'] })
  @Get('vary-unlisted')
  @Header('Vary', 'accept, X-Colour')
  varyUnlisted(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('no-store')
  @Header('Cache-Control', 'no-cache, no-store')
  noStore(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('private')
  @Header('Cache-Control', 'PRIVATE, max-age=5')
  privately(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('private-field')
  @Header('Cache-Control', 'max-age=5, private="set-cookie, x-y"')
  privateField(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('stream')
  stream(): StreamableFile {
    return new StreamableFile(Buffer.from(`${++runs}`));
  }

  @CacheResponse({ timeout: 60 })
  @Get('generator')
  generator(): AsyncGenerator<string> {
    return letters(++runs);
  }

  @CacheResponse({ timeout: 60, maxBytes: 4 })
  @Get('large')
  large(): string {
    return `éé${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('encoded')
  @Header('Content-Encoding', 'x-own')
  encoded(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('error-value')
  errorValue(): unknown {
    return { run: ++runs, cannot: 1n };
  }

  @CacheResponse({ timeout: 60 })
  @Get('missing')
  missing(): never {
    throw new NotFoundException(`run ${++runs}`);
  }

  @CacheResponse({ timeout: 60 })
  @Get('broken')
  broken(): never {
    throw new RangeError(`run ${++runs}`);
  }
}

@Controller('by-itself')
class ByItselfController {
  @CacheResponse({ timeout: 60 })
  @Get('sent')
  sent(@Res() response: Sender): void {
    response.send(`${++runs}`);
  }

  @CacheResponse({ timeout: 60 })
  @Get('redirected')
  @Redirect('/pages/plain', 302)
  redirected(): object {
    runs++;
    return { url: '/pages/list' };
  }

  @CacheResponse({ timeout: 60 })
  @Sse('events')
  events(): Observable<{ data: string }> {
    return of({ data: `${++runs}` });
  }
}

@Injectable()
class Enveloping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Controller('enveloped')
@UseInterceptors(Enveloping)
class EnvelopedController {
  @Get()
  @CacheResponse({ timeout: 60 })
  value(): number {
    return ++runs;
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class RequestScopedController {
  readonly #made = ++runs;

  @CacheResponse({ timeout: 60 })
  @Get()
  made(): object {
    return { made: this.#made };
  }
}

@Controller({ path: 'versioned', version: '1' })
class FirstVersion {
  @CacheResponse({ timeout: 60 })
  @Get()
  page(): string {
    return `first ${++runs}`;
  }
}

@Controller({ path: 'versioned', version: '2' })
class SecondVersion {
  @CacheResponse({ timeout: 60 })
  @Get()
  page(): string {
    return `second ${++runs}`;
  }
}

/** Another handler of the same name, as applications have them in a folder for each version. */
const Renamed = Object.defineProperty(SecondVersion, 'name', { value: 'FirstVersion' });

const CONTROLLERS = [
  PagesController,
  RefusedController,
  ByItselfController,
  EnvelopedController,
  RequestScopedController,
];

const hit = /^codex-redis; hit(; ttl=\d+)?$/;
const miss = 'codex-redis; fwd=miss; stored';

describe.each(PLATFORMS)('cached responses on %s', (platform) => {
  let app: TestApp;
  const clock = new TestClock();

  const start = async (options: AppOptions = {}): Promise<TestApp> =>
    (app = await startApp(platform, { sessionsOff: true, controllers: CONTROLLERS, clock, ...options }));

  afterEach(() => app.close());

  const get = (path: string, options?: RequestOptions): Promise<Answer> => app.send(path, options);
  const status = (answer: Answer): string | undefined => answer.headers['cache-status'];

  it('RC1 stores status, content type and body, and emits ETag, Age, Cache-Control and Cache-Status', async () => {
    await start();
    const first = await get('/pages/list?a=1');
    clock.advance(7_400);
    const second = await get('/pages/list?a=1');
    expect(first.status).toBe(200);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(second.headers).toMatchObject({
      'content-type': first.headers['content-type'],
      'content-length': first.headers['content-length'],
      etag: first.headers['etag'],
      'cache-control': 'max-age=60',
      age: '7',
      'cache-status': 'codex-redis; hit; ttl=53',
    });
    expect(first.headers['etag']).toMatch(/^W\/"[\w-]{43}"$/);
    expect(first.headers['cache-control']).toBe('max-age=60');
    expect(first.headers['age']).toBeUndefined();
    expect(status(first)).toBe(miss);
  });

  it('RC1 runs the handler again after the timeout', async () => {
    await start();
    const first = await get('/pages/plain');
    clock.advance(60_000);
    const second = await get('/pages/plain');
    expect(status(second)).toBe(miss);
    expect(second.body).not.toBe(first.body);
  });

  it('RC1 leaves other handlers alone', async () => {
    await start();
    const first = await get('/pages/uncached');
    expect(status(first)).toBeUndefined();
    expect((await get('/pages/uncached')).body).not.toBe(first.body);
  });

  it('RC1 stores listed headers; others come with a miss only, those of @Header() always', async () => {
    await start();
    const first = await get('/pages/headers');
    const second = await get('/pages/headers');
    expect(first.headers).toMatchObject({ 'x-unlisted': 'once', 'x-fixed': 'always' });
    expect(second.headers).toMatchObject({ 'x-total': first.headers['x-total'], 'x-fixed': 'always' });
    expect(second.headers['x-unlisted']).toBeUndefined();
    expect(status(second)).toMatch(hit);
  });

  it('RC1 keeps the ETag, Cache-Control and Content-Type that the handler sets', async () => {
    await start();
    const answers = [await get('/pages/own-headers'), await get('/pages/own-headers')];
    expect(answers.map(({ body }) => body)).toEqual([answers[0]!.body, answers[0]!.body]);
    for (const { headers } of answers)
      expect(headers).toMatchObject({ 'cache-control': 'public, max-age=5', etag: '"mine"' });
    expect(answers[0]!.headers['content-type']).toContain('text/csv');
    expect(answers[1]!.headers['content-type']).toBe(answers[0]!.headers['content-type']);
  });

  it.each(Object.keys(VALUES))('RC1 a %s comes from the cache as it comes without one', async (kind) => {
    await start();
    const bare = await startApp(platform, {
      sessionsOff: true,
      controllers: [BareValues],
      clock,
    });
    try {
      const expected = await bare.send(`/bare/${kind}`);
      for (const expectedStatus of [miss, hit]) {
        const answer = await get(`/pages/value/${kind}`);
        expect(answer.bytes).toEqual(expected.bytes);
        expect(answer.headers['content-type']).toBe(expected.headers['content-type']);
        expect(answer.headers['content-length']).toBe(expected.headers['content-length']);
        expect(status(answer)).toMatch(expectedStatus);
      }
    } finally {
      await bare.close();
    }
  });

  it.each([
    ['the ETag', (etag: string) => etag],
    ['its strong form', (etag: string) => etag.replace('W/', '')],
    ['one of several', (etag: string) => `"other", ${etag}, W/"third"`],
    ['any', () => '*'],
  ])('RC1 answers If-None-Match with 304: %s', async (_, header) => {
    await start();
    const { headers } = await get('/pages/plain');
    const answer = await get('/pages/plain', { headers: { 'If-None-Match': header(headers['etag']!) } });
    expect([answer.status, answer.body]).toEqual([304, '']);
    expect(answer.headers).toMatchObject({
      etag: headers['etag'],
      'cache-control': headers['cache-control'],
      age: '0',
    });
    expect(answer.headers['content-type']).toBeUndefined();
    expect(status(answer)).toMatch(hit);
  });

  it('SX3 answers with what cache.maxBytes does not allow to be stored', async () => {
    await start({ options: { cache: { maxBytes: 100 } } });
    const answers = await Promise.all([get('/pages/plain'), get('/pages/plain')]);
    expect(answers.map((answer) => [answer.status, status(answer)])).toEqual(
      answers.map(() => [200, 'codex-redis; fwd=miss; detail=too-large']),
    );
    expect(answers[0].body).not.toBe('');
  });

  it('RC1 answers 304 after a run as well, and 200 for another ETag', async () => {
    await start();
    const { headers } = await get('/pages/own-headers');
    await app.app.get(CacheService, { strict: false }).deletePattern('*');
    const known = await get('/pages/own-headers', { headers: { 'If-None-Match': headers['etag']! } });
    expect([known.status, known.body, status(known)]).toEqual([304, '', miss]);
    const unknown = await get('/pages/own-headers', { headers: { 'If-None-Match': '"mi"' } });
    expect([unknown.status, status(unknown)]).toEqual([200, expect.stringMatching(hit)]);
  });

  it('RC1 serves HEAD from GET, and stores nothing of a HEAD', async () => {
    await start();
    const before = await get('/pages/plain', { method: 'HEAD' });
    expect([before.status, before.body, status(before)]).toEqual([
      200,
      '',
      'codex-redis; fwd=miss; detail=head',
    ]);
    const full = await get('/pages/plain');
    expect(status(full)).toBe(miss);
    const head = await get('/pages/plain', { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    expect(status(head)).toMatch(hit);
    expect(head.headers).toMatchObject({
      'content-length': full.headers['content-length'],
      'content-type': full.headers['content-type'],
      etag: full.headers['etag'],
    });
  });

  it('RC2 sorts all query parameters, and keeps the order of those of one name', async () => {
    await start();
    const body = async (query: string): Promise<string> => (await get(`/pages/list${query}`)).body;
    expect(await body('?b=2&a=1')).toBe(await body('?a=1&b=2'));
    expect(await body('?a=1&a=2')).not.toBe(await body('?a=2&a=1'));
    expect(await body('?%61=1&a=2')).not.toBe(await body('?a=2&%61=1'));
    expect(await body('?a=1')).not.toBe(await body('?a=1&b=2'));
    expect(await body('?a=1')).not.toBe(await body('?A=1'));
    expect(await body('')).not.toBe(await body('?a'));
    expect(await body('?a=b%26c=d')).not.toBe(await body('?a=b&c=d'));
  });

  it('RC2 keys by listed query parameters only, where some are', async () => {
    await start();
    const body = async (query: string): Promise<string> => (await get(`/pages/listed${query}`)).body;
    expect(await body('?page=1&utm=x')).toBe(await body('?utm=y&page=1'));
    expect(await body('?page=1')).not.toBe(await body('?page=2'));
    expect(await body('?page=1&page=2')).not.toBe(await body('?page=2&page=1'));
    expect(await body('')).toBe(await body('?other=1'));
    expect(await body('?page=')).not.toBe(await body(''));
  });

  it('RC2 keys by the path as requested', async () => {
    await start();
    const answers = await Promise.all(['/pages/plain', '/pages/pl%61in'].map((path) => get(path)));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(2);
  });

  it('RC2 keys by the host where asked', async () => {
    await start();
    const body = async (path: string, host: string): Promise<string> =>
      (await get(path, { headers: { Host: host } })).body;
    expect(await body('/pages/host', 'a.example')).toBe(await body('/pages/host', 'A.example'));
    expect(await body('/pages/host', 'a.example')).not.toBe(await body('/pages/host', 'b.example'));
    expect(await body('/pages/plain', 'a.example')).toBe(await body('/pages/plain', 'b.example'));
  });

  it('RC2 keys by listed headers, and names them in Vary', async () => {
    await start();
    const answer = (language?: string): Promise<Answer> =>
      get('/pages/spoken', { headers: language === undefined ? {} : { 'ACCEPT-language': language } });
    const german = await answer('de');
    expect((await answer('de')).body).toBe(german.body);
    expect((await answer('en')).body).toMatch(/^en /);
    expect((await answer()).body).not.toBe((await answer('')).body);
    expect(german.headers['vary']).toBe('Accept-Language');
    expect((await answer('de')).headers['vary']).toBe('Accept-Language');
  });

  it('RC2 tells versions and prefixes apart by the path', async () => {
    await start({
      controllers: [FirstVersion, Renamed],
      prepare: (nest) => {
        nest.setGlobalPrefix('api');
        nest.enableVersioning();
      },
    });
    const first = await get('/api/v1/versioned');
    const second = await get('/api/v2/versioned');
    expect(first.body).toMatch(/^first/);
    expect(second.body).toMatch(/^second/);
    expect((await get('/api/v1/versioned')).body).toBe(first.body);
    expect((await get('/api/v2/versioned')).body).toBe(second.body);
  });

  it.each([
    [
      'a header',
      { type: VersioningType.HEADER as const, header: 'X-Version' },
      'X-Version',
      (v: string) => v,
    ],
    [
      'the media type',
      { type: VersioningType.MEDIA_TYPE as const, key: 'v=' },
      'Accept',
      (v: string) => `application/json;v=${v}`,
    ],
    [
      'a function',
      {
        type: VersioningType.CUSTOM as const,
        extractor: (request: unknown) =>
          (request as { headers: Record<string, string> }).headers['x-own'] ?? '',
      },
      'X-Own',
      (v: string) => v,
    ],
  ])('RC2 tells versions apart that %s names', async (_, options, header, value) => {
    await start({
      controllers: [FirstVersion, Renamed],
      prepare: (nest) => {
        nest.enableVersioning(options);
      },
    });
    const page = async (version: string): Promise<string> =>
      (await get('/versioned', { headers: { [header]: value(version) } })).body;
    const [first, second] = [await page('1'), await page('2')];
    expect([first, second]).toEqual([expect.stringMatching(/^first/), expect.stringMatching(/^second/)]);
    expect([await page('1'), await page('2')]).toEqual([first, second]);
  });

  it.each(Object.entries(REFUSED))('RC4 refuses to store: %s', async (path, { why, status: code = 200 }) => {
    await start();
    const before = runs;
    const answers = [await get(`/refused/${path}`), await get(`/refused/${path}`)];
    expect(answers.map((answer) => answer.status)).toEqual([code, code]);
    for (const answer of answers) expect(status(answer)).toBe(`codex-redis; fwd=miss; detail=${why}`);
    expect(runs - before).toBe(2);
  });

  it('OB1 a handler that fails is told of by the name of its error', async () => {
    await start();
    const events = cacheEvents();
    try {
      await get('/refused/broken');
      expect(events.of()).toEqual([
        { operation: 'getOrSet', cache: 'default', outcome: 'error', error: 'RangeError' },
      ]);
    } finally {
      events.end();
    }
  });

  it('RC4 does not ask the cache for a handler that sends by itself', async () => {
    await start();
    for (const path of ['sent', 'redirected', 'events']) {
      const before = runs;
      const answers = [await get(`/by-itself/${path}`), await get(`/by-itself/${path}`)];
      expect(runs).toBe(before + 2);
      expect(answers.map(({ status: code }) => code)).toEqual(
        path === 'redirected' ? [302, 302] : [200, 200],
      );
      if (path !== 'events')
        for (const answer of answers)
          expect(status(answer)).toBe('codex-redis; fwd=bypass; detail=sent-by-handler');
    }
  });

  it('RC8 stores what interceptors made of it, and does not let them see it again', async () => {
    await start();
    const first = await get('/enveloped');
    expect(first.body).toMatch(/^{"data":\d+}$/);
    expect((await get('/enveloped')).body).toBe(first.body);
  });

  it('caches what a request-scoped controller answers', async () => {
    await start();
    const first = await get('/scoped');
    const second = await get('/scoped');
    expect(second.body).toBe(first.body);
    expect(status(second)).toMatch(hit);
  });

  it('lets parallel first requests share one run', async () => {
    await start();
    const before = runs;
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/pages/plain')));
    expect(runs).toBe(before + 1);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  });
});

@Controller('bare')
class BareValues {
  @Get(':kind')
  value(@Param('kind') kind: keyof typeof VALUES): unknown {
    return VALUES[kind]();
  }
}
