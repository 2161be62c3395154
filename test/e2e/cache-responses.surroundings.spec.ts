import {
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Param,
  Query,
  Req,
  Res,
  SetMetadata,
  type Type,
  VersioningType,
  type VersioningOptions,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer, RequestOptions } from '../support/http-request.js';

/** A request as middleware gets it: on Fastify not the object that a handler gets. */
interface Incoming extends IncomingMessage {
  user?: unknown;
  auth?: unknown;
  session?: unknown;
  originalUrl?: string;
}

/** The response of either platform, which a handler can send by itself. */
interface Sender {
  send(body: string): unknown;
  readonly raw?: { end(body: string): unknown };
  end?(body: string): unknown;
}

const incoming = (request: Incoming & { raw?: Incoming }): Incoming => request.raw ?? request;
const headerOf = (context: ExecutionContext): string | undefined =>
  context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-key'];

let runs = 0;

@Controller()
class PagesController {
  @CacheResponse({ timeout: 60 })
  @Get('tenant/:tenant/page')
  page(@Param('tenant') tenant: string, @Query() query: object): object {
    return { tenant, query, run: ++runs };
  }

  @CacheResponse({ timeout: 60, query: ['a'] })
  @Get('tenant/:tenant/listed')
  listed(@Param('tenant') tenant: string, @Query('a') a: string): object {
    return { tenant, a, run: ++runs };
  }

  @CacheResponse({ timeout: 60 })
  @Get('user')
  user(@Req() request: Incoming): object {
    return { user: incoming(request).user ?? null, run: ++runs };
  }

  @CacheResponse({ timeout: 60 })
  @Get('auth')
  auth(@Req() request: Incoming): object {
    return { auth: incoming(request).auth ?? null, run: ++runs };
  }

  @CacheResponse({ timeout: 60 })
  @Get('session')
  session(@Req() request: Incoming): object {
    return { session: incoming(request).session ?? null, run: ++runs };
  }

  @CacheResponse({ timeout: 60 })
  @Get('sends')
  sends(@Res({ passthrough: true }) response: Sender): void {
    response.send(`run ${++runs}`);
  }

  @CacheResponse({ timeout: 60 })
  @Get('ends')
  ends(@Res({ passthrough: true }) response: Sender): void {
    (response.raw ?? (response as Required<Sender>)).end(`run ${++runs}`);
  }

  @CacheResponse({ timeout: 60 })
  @Get('sends-and-throws')
  sendsAndThrows(@Res({ passthrough: true }) response: Sender): void {
    response.send(`run ${++runs}`);
    throw new Error('too late');
  }

  @CacheResponse({ timeout: 0 })
  @Get('never')
  never(): string {
    return `run ${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @SetMetadata('cache_module:cache_key', headerOf)
  @Get('keyed')
  keyed(): string {
    return `run ${++runs}`;
  }
}

@Controller({ path: 'versioned', version: '1' })
class FirstController {
  @CacheResponse({ timeout: 60 })
  @Get()
  page(): string {
    return 'version 1';
  }
}

@Controller({ path: 'versioned', version: '2' })
class SecondController {
  @CacheResponse({ timeout: 60 })
  @Get()
  page(): string {
    return 'version 2';
  }
}

/** As applications choose a tenant, or a language, for all routes at once. */
const rewritten = ({ url = '', headers: { 'x-tenant': tenant } }: Incoming): string =>
  typeof tenant === 'string' ? `/tenant/${tenant}${url}` : url;

const adapters = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter({ rewriteUrl: (request: Incoming) => rewritten(request) }),
};

const identify = (request: Incoming): void => {
  const { 'x-user': user, 'x-auth': auth, 'x-session': session } = request.headers;
  if (auth !== undefined) request.auth = { name: auth };
  if (user !== undefined) request.user = { name: user };
  if (session !== undefined) request.session = { name: session };
};

const surround = {
  express: (nest: INestApplication) => {
    nest.use((request: Incoming, _: unknown, next: () => void) => {
      identify(request);
      request.url = rewritten(request);
      next();
    });
  },
  // nest.use() would bring a middleware that forgets what was requested
  fastify: (nest: INestApplication) => {
    (nest.getHttpAdapter() as FastifyAdapter).getInstance().addHook('onRequest', (request, _, done) => {
      identify(request.raw);
      done();
    });
  },
};

describe.each(PLATFORMS)('cached responses and what surrounds a handler on %s', (platform) => {
  let app: TestApp;

  const start = async (
    controllers: Type[],
    prepare: (nest: INestApplication) => void = () => undefined,
  ): Promise<TestApp> =>
    (app = await startApp(platform, {
      sessionsOff: true,
      controllers,
      adapter: adapters[platform],
      prepare: (nest) => {
        surround[platform](nest);
        prepare(nest);
      },
    }));

  const get = (
    path: string,
    headers: Record<string, string> = {},
    more: RequestOptions = {},
  ): Promise<Answer> => app.send(path, { headers, ...more });
  const statusOf = ({ headers }: Answer): string | undefined => headers['cache-status'];

  describe('of one application', () => {
    beforeAll(() => start([PagesController]));
    afterEach(() => app.app.get(CacheService, { strict: false }).deletePattern('*'));
    afterAll(() => app.close());

    it.each(['/page?b=1&a=2', '/listed?a=2'])(
      'RC2 keep what was rewritten apart, though %s was requested alike',
      async (path) => {
        const [ada, eve] = [await get(path, { 'X-Tenant': 'ada' }), await get(path, { 'X-Tenant': 'eve' })];
        expect([ada, eve].map(({ body }) => JSON.parse(body) as object)).toMatchObject([
          { tenant: 'ada' },
          { tenant: 'eve' },
        ]);
        const again = await get(path, { 'X-Tenant': 'ada' });
        expect([again.body, statusOf(again)]).toEqual([ada.body, expect.stringMatching(/; hit/)]);
        expect(again.headers['cache-control']).toBe('private, no-cache');
        const direct = await get(`/tenant/ada${path}`);
        expect([statusOf(direct), direct.headers['cache-control']]).toEqual([
          'codex-redis; fwd=miss; stored',
          'max-age=60',
        ]);
      },
    );

    it.each([
      ['user', 'user'],
      ['auth', 'user'],
      ['session', 'session'],
    ])('RC4 do not share what middleware knows of the %s', async (name, why) => {
      const answers: Answer[] = [];
      for (const visitor of ['ada', 'eve']) answers.push(await get(`/${name}`, { [`X-${name}`]: visitor }));
      expect(answers.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
        { [name]: { name: 'ada' } },
        { [name]: { name: 'eve' } },
      ]);
      expect(answers.map(statusOf)).toEqual(Array(2).fill(`codex-redis; fwd=bypass; detail=${why}`));
    });

    it.each(['/sends', '/ends', '/sends-and-throws'])(
      'RC4 store no empty response for a handler that has sent its own: %s',
      async (path) => {
        const [first, second] = [await get(path), await get(path)];
        expect(first.body).toMatch(/^run \d+$/);
        expect(second.body).toMatch(/^run \d+$/);
        expect(second.body).not.toBe(first.body);
      },
    );

    it('RC1 do not say that a response with a timeout of 0 is stored', async () => {
      for (const answer of [await get('/never'), await get('/never')])
        expect(statusOf(answer)).toBe('codex-redis; fwd=miss');
    });

    it('RC1 with a key made by a function, let no other cache keep what that depends on', async () => {
      const [first, other] = [await get('/keyed', { 'X-Key': 'a' }), await get('/keyed', { 'X-Key': 'b' })];
      expect(other.body).not.toBe(first.body);
      const again = await get('/keyed', { 'X-Key': 'a' });
      expect([again.body, again.headers['cache-control']]).toEqual([first.body, 'private, no-cache']);
    });
  });

  it.each<[VersioningOptions, string, Record<string, string>]>([
    [{ type: VersioningType.HEADER, header: 'X-Version' }, 'X-Version', { vary: 'X-Version' }],
    [{ type: VersioningType.MEDIA_TYPE, key: 'v=' }, 'Accept', { vary: 'Accept' }],
    [
      {
        type: VersioningType.CUSTOM,
        extractor: (request) => String((request as IncomingMessage).headers['x-own']),
      },
      'X-Own',
      { 'cache-control': 'private, no-cache' },
    ],
    [{ type: VersioningType.URI }, '', { 'cache-control': 'max-age=60' }],
  ])('RC2 tell other caches on what a version depends: %j', async (versioning, header, expected) => {
    await start([FirstController, SecondController], (nest) => {
      nest.enableVersioning(versioning);
    });
    try {
      for (const version of ['1', '2', '1']) {
        const given = header === 'Accept' ? `application/json;v=${version}` : version;
        const answer =
          header === '' ? await get(`/v${version}/versioned`) : await get('/versioned', { [header]: given });
        expect([answer.status, answer.body]).toEqual([200, `version ${version}`]);
        expect(answer.headers).toMatchObject(expected);
      }
    } finally {
      await app.close();
    }
  });
});
