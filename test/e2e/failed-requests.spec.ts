import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  ConsoleLogger,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Inject,
  Injectable,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  type NestMiddleware,
  type NestModule,
  type OnModuleInit,
  Param,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { CodexRedisError } from '../../lib/errors/codex-redis.error.js';
import type { HttpMappedError } from '../../lib/errors/http-mapped.error.js';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
  RedisUnavailableError,
} from '../../lib/errors/redis.errors.js';
import {
  SessionConflictError,
  SessionInterruptedError,
  SessionLimitError,
  SessionStaleError,
  SessionTooLargeError,
} from '../../lib/errors/session.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { CommitSwitch } from '../support/http-store.js';

const ERRORS: Record<string, () => HttpMappedError> = {
  connection: () => new RedisConnectionError('Redis at 10.0.0.7 is not reachable'),
  timeout: () => new RedisTimeoutError(1000),
  service: () => new RedisServiceError('WRONGTYPE'),
  unavailable: () => new RedisUnavailableError('OOM'),
  conflict: () => new SessionConflictError(),
  interrupted: () => new SessionInterruptedError(),
  stale: () => new SessionStaleError(),
  limit: () => new SessionLimitError(),
  large: () => new SessionTooLargeError(2, 1),
};

const thrown = (kind: string): HttpMappedError => ERRORS[kind]!();

@Controller()
class FailingController {
  @Get('fail/:kind') fail(@Param('kind') kind: string): never {
    throw thrown(kind);
  }

  @Get('touch') touch(@Session() session: Session): unknown {
    return session['user'] ?? 'nobody';
  }

  @Get('write') write(@Session() session: Session): string {
    session['user'] = 'ada';
    return 'success';
  }

  @Get('leave') leave(@Session() session: Session): never {
    void session.flush();
    throw thrown('connection');
  }

  @Get('well') well(): string {
    return 'well';
  }
}

@Injectable()
class FailingMiddleware implements NestMiddleware {
  use(): void {
    throw thrown('connection');
  }
}

@Module({})
class MiddlewareModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(FailingMiddleware).forRoutes('well');
  }
}

/** Has Fastify begin its start before Nest has set its error handler, as @nestjs/mercurius does. */
@Injectable()
class PluginAtStart implements OnModuleInit {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  async onModuleInit(): Promise<void> {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onRequest', (_request, _reply, done) => done(thrown('connection')));
    await fastify.register((plugin, _options, done) => {
      plugin.setErrorHandler((error, _request, reply) => reply.code(200).send({ own: String(error) }));
      plugin.get('/plugin', () => 'well');
      done();
    });
  }
}

/** What filters of the application have caught, in order. */
const caught: [filter: string, error: unknown][] = [];

abstract class OwnFilter implements ExceptionFilter<HttpException> {
  protected abstract readonly name: string;

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  catch(error: HttpException, host: ArgumentsHost): void {
    caught.push([this.name, error]);
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { own: this.name }, error.getStatus());
  }
}

@Catch(HttpException)
@Injectable()
class AppWideFilter extends OwnFilter {
  protected readonly name = 'APP_FILTER';
}

@Catch(HttpException)
class GlobalFilter extends OwnFilter {
  protected readonly name = 'useGlobalFilters';
}

@Catch(HttpException)
@Injectable()
class ControllerFilter extends OwnFilter {
  protected readonly name = 'UseFilters';
}

@Controller('own')
@UseFilters(ControllerFilter)
class FilteredController extends FailingController {}

/** Has every GET of a session fail. */
const withoutLoads = (store: KeyValueStore): KeyValueStore =>
  new Proxy(store, {
    get: (target, name) => {
      if (name === 'get' || name === 'getWithTrace' || name === 'getMany')
        return () => Promise.reject(thrown('connection'));
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

const UNAVAILABLE = { statusCode: 503, message: 'Service Unavailable', code: 'CODEX_REDIS_CONNECTION' };

describe.each(PLATFORMS)('a request that failed on %s', (platform) => {
  let app: TestApp;
  const lines: string[] = [];

  const start = async (options: AppOptions = {}): Promise<void> => {
    app = await startApp(platform, {
      controllers: [FailingController, FilteredController],
      ...options,
      prepare: async (nest: INestApplication) => {
        nest.useLogger(new ConsoleLogger({ logLevels: ['warn', 'error'], colors: false }));
        await options.prepare?.(nest);
      },
    });
  };

  beforeEach(() => {
    lines.length = 0;
    caught.length = 0;
    for (const stream of [process.stdout, process.stderr])
      jest.spyOn(stream, 'write').mockImplementation((text) => {
        lines.push(...String(text).trimEnd().split('\n'));
        return true;
      });
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const logged = (words: RegExp): void => {
    expect(lines).toEqual([expect.stringMatching(words)]);
    expect(lines[0]).not.toMatch(/^ +at /);
  };

  describe.each([
    ['sessions on', {}],
    ['sessions off', { sessionsOff: true, controllers: [] }],
  ])('with %s', (_, options: AppOptions) => {
    // without sessions no handler may have a session parameter
    @Controller('fail')
    class PlainController {
      @Get(':kind') fail(@Param('kind') kind: string): never {
        throw thrown(kind);
      }
    }
    const controllers = options.sessionsOff === true ? [PlainController] : [FailingController];

    it.each(['connection', 'timeout', 'service', 'unavailable', 'conflict'])(
      'CN15 tells the client of %s that the service is not available and when to try again, the log in one line why',
      async (kind) => {
        await start({ ...options, controllers });
        const error = thrown(kind);
        const answer = await app.send(`/fail/${kind}`);
        expect(answer).toMatchObject({ status: 503, reason: 'Service Unavailable' });
        expect(answer.headerLines.filter(([name]) => name === 'retry-after')).toEqual([['retry-after', '1']]);
        expect(JSON.parse(answer.body)).toEqual({ ...UNAVAILABLE, code: error.code });
        logged(/ ERROR .*An error was answered for the route \/fail\/:kind: /);
        expect(lines[0]).toContain(`${error.name}: ${error.message}`);
      },
    );

    it.each([
      ['interrupted', 400],
      ['stale', 403],
      ['limit', 409],
      ['large', 413],
    ])("CN15 tells the client of %s the error's own words, and the log nothing", async (kind, status) => {
      await start({ ...options, controllers });
      const error = thrown(kind);
      const answer = await app.send(`/fail/${kind}`);
      expect(answer.status).toBe(status);
      expect(answer.headers).not.toHaveProperty('retry-after');
      expect(JSON.parse(answer.body)).toEqual({
        statusCode: status,
        message: error.message,
        code: error.code,
      });
      expect(lines).toEqual([]);
    });
  });

  it.each([
    ['in main.ts', { prepare: (nest: INestApplication) => void nest.use(() => failInMiddleware()) }],
    ['of a module', { imports: [MiddlewareModule] }],
  ])('CN15 is answered and logged alike where a middleware %s failed', async (_, options: AppOptions) => {
    await start(options);
    const answer = await app.send('/well');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(answer.body)).toEqual(UNAVAILABLE);
    logged(/ ERROR .*An error was answered for .*: RedisConnectionError: Redis at 10\.0\.0\.7/);
  });

  if (platform === 'fastify')
    it.each(['/well', '/plugin'])(
      'CN15 is answered and logged alike where a hook failed and a module registers plugins at its start (%s)',
      async (path) => {
        await start({ providers: [PluginAtStart] });
        const answer = await app.send(path);
        expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
        expect(JSON.parse(answer.body)).toEqual(UNAVAILABLE);
        logged(/ ERROR .*An error was answered for .*: RedisConnectionError: Redis at 10\.0\.0\.7/);
      },
    );

  it.each<[filter: string, path: string, options: AppOptions]>([
    ['APP_FILTER', '/fail/connection', { providers: [{ provide: APP_FILTER, useClass: AppWideFilter }] }],
    [
      'useGlobalFilters',
      '/fail/connection',
      { prepare: (nest) => void nest.useGlobalFilters(new GlobalFilter(nest.get(HttpAdapterHost))) },
    ],
    ['UseFilters', '/own/fail/connection', {}],
  ])(
    'CN15 passes a filter of the application first, given by %s, as an HttpException',
    async (name, path, options) => {
      await start(options);
      const answer = await app.send(path);
      expect(answer).toMatchObject({ status: 503, body: JSON.stringify({ own: name }) });
      expect(caught).toEqual([[name, expect.any(HttpException)]]);
      const [[, error]] = caught as [[string, HttpException]];
      expect(error).toBeInstanceOf(CodexRedisError);
      expect(error.getResponse()).toEqual(UNAVAILABLE);
      // what the application catches it tells its log itself
      expect(lines).toEqual([]);
    },
  );

  it.each([true, false])(
    'CN15 whose session cannot be loaded gets Retry-After from the gate (caught by the application: %s)',
    async (isCaught) => {
      await start({ wrapStore: withoutLoads });
      const cookie = 'k'.repeat(32);
      const answer = await app.send(isCaught ? '/own/touch' : '/touch', { cookie });
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, setCookies: [] });
      expect(JSON.parse(answer.body)).toEqual(isCaught ? { own: 'UseFilters' } : UNAVAILABLE);
      if (!isCaught) logged(/the route \/touch: RedisConnectionError: Redis at 10\.0\.0\.7/);
      expect(await app.send('/well', { cookie })).toMatchObject({ status: 200 });
    },
  );

  it.each([true, false])(
    'CN15 whose session cannot be saved gets Retry-After from the gate (caught by the application: %s)',
    async (isCaught) => {
      const commits = new CommitSwitch();
      await start({ wrapStore: commits.wrap });
      commits.fail(thrown('timeout'));
      const answer = await app.send(isCaught ? '/own/write' : '/write');
      commits.fail(undefined);
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, setCookies: [] });
      expect(JSON.parse(answer.body)).toEqual(
        isCaught ? { own: 'UseFilters' } : { ...UNAVAILABLE, code: 'CODEX_REDIS_TIMEOUT' },
      );
      if (!isCaught) logged(/the route \/write: RedisTimeoutError: Redis did not answer within 1000 ms/);
    },
  );

  it('CN15 is one line in the log, also where the end of its session fails with the response', async () => {
    const commits = new CommitSwitch();
    await start({ wrapStore: commits.wrap });
    const cookie = (await app.sessions.create()).key!;
    commits.fail(thrown('timeout'));
    expect(await app.send('/leave', { cookie })).toMatchObject({ status: 503 });
    commits.fail(undefined);
    logged(/the route \/leave: RedisConnectionError/);
  });

  it("CN15 keeps the Retry-After of an application's own answer", async () => {
    await start({
      wrapStore: withoutLoads,
      prepare: (nest) => {
        nest.use(
          (_: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
            response.setHeader('Retry-After', '60');
            next();
          },
        );
      },
    });
    const answer = await app.send('/touch', { cookie: 'k'.repeat(32) });
    expect(answer.headerLines.filter(([name]) => name === 'retry-after')).toEqual([['retry-after', '60']]);
  });
});

const failInMiddleware = (): never => {
  throw thrown('connection');
};
