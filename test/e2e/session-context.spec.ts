import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  type CanActivate,
  type CallHandler,
  Catch,
  ConsoleLogger,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Inject,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  type NestModule,
  ParseIntPipe,
  type PipeTransform,
  Query,
  Req,
  Res,
  Scope,
  Session as NestSession,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import {
  APP_FILTER,
  APP_GUARD,
  APP_INTERCEPTOR,
  APP_PIPE,
  ExternalContextCreator,
  REQUEST,
} from '@nestjs/core';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Observable } from 'rxjs';
import { tap } from 'rxjs/operators';
import { RedisConnectionError, RedisServiceError } from '../../lib/errors/redis.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SessionInterceptor } from '../../lib/session-http/nest/session.interceptor.js';
import { SkipSession, UseSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { keyFrom } from '../support/http-request.js';
import type { AnyResponse } from '../support/http-responses.js';
import { CommitSwitch } from '../support/http-store.js';

interface Requested {
  readonly session: Session<{ n: number; trail: string[] }>;
}

/** Notes in the session, and for the test, that this part of the request had it. */
const pass = (place: string, session: Requested['session']): void => {
  trail.push(`${place}:${String(session.n)}`);
  session.set('trail', [...session.get('trail', []), place]);
};

let trail: string[] = [];

@Injectable()
class RootGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    pass('root guard', context.switchToHttp().getRequest<Requested>().session);
    return true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedGuard implements CanActivate {
  constructor(@Inject(REQUEST) private readonly request: Requested) {}

  canActivate(): boolean {
    pass('scoped guard', this.request.session);
    return true;
  }
}

@Injectable()
class RootInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { session } = context.switchToHttp().getRequest<Requested>();
    pass('interceptor', session);
    return next.handle().pipe(tap(() => pass('interceptor after', session)));
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedPipe implements PipeTransform {
  constructor(@Inject(REQUEST) private readonly request: Requested) {}

  transform(value: unknown): unknown {
    pass('pipe', this.request.session);
    return value;
  }
}

@Catch()
class RootFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { session } = http.getRequest<Requested>();
    if (error instanceof HttpException && error.getStatus() === 409) pass('filter', session);
    const status = (error as { status?: number }).status ?? 500;
    http
      .getResponse<AnyResponse>()
      .status(status)
      .send({ filtered: (error as Error).message });
  }
}

@Controller()
class PlacesController {
  @Get('all') all(@Session() session: Requested['session'], @Query('q') q: string): string {
    pass(`handler ${q}`, session);
    return 'all';
  }

  @Get('conflict') conflict(): never {
    throw new HttpException('conflict', 409);
  }
}

interface Visits {
  visits: number;
  cart: string[];
  get: string;
}

@Controller('h5')
class ShapesController {
  @Get('property') property(@Session() session: Session<Visits>): number {
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  }

  @Get('nest') nest(@NestSession() session: Session<Visits>): object {
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits, same: typeof session.flush === 'function' };
  }

  @Get('request') request(@Req() request: { session: Session<Visits> }): object {
    request.session.visits = (request.session.visits ?? 0) + 1;
    return { visits: request.session.visits };
  }

  @Get('entry') entry(@Session('cart') cart: string[] | undefined): object {
    return { cart: cart ?? null };
  }

  @Get('looks-like-a-stream') looksLikeAStream(@Session() session: Session): object {
    session['n'] = 1;
    return { body: 'of a letter', pipe: 'of copper' };
  }

  @Get('flushed') async flushed(@Session() session: Session): Promise<string> {
    await session.flush();
    return 'flushed';
  }

  @Get('flush-forgotten') flushForgotten(@Session() session: Session): string {
    void session.flush();
    return 'flushed';
  }

  @Get('sent') sent(@Session() session: Session, @Res() response: AnyResponse): void {
    session['n'] = 1;
    response.send('sent');
  }

  @Get('piped') piped(@Session('visits', ParseIntPipe) visits: number): object {
    return { visits };
  }

  @Get('methods') methods(@Session() session: Session<Visits>): object {
    session.set('get', 'an entry');
    session.set('cart', ['book']);
    return { entry: session.get('get'), method: typeof session.get, names: Object.keys(session) };
  }

  @Get('reserved') reserved(@Session() session: Session): object {
    const refused = (deed: () => unknown): string => {
      try {
        deed();
        return 'nothing';
      } catch (error) {
        return (error as Error).message;
      }
    };
    return {
      assigned: refused(() => Object.assign(session, { get: 1 })),
      deleted: refused(() => Reflect.deleteProperty(session, 'flush')),
      then: typeof session['then'],
    };
  }

  @Get('nullified') nullified(@Req() request: { session: unknown }): object {
    const refused = [null, undefined].map((nothing) => {
      try {
        request.session = nothing;
        return 'nothing';
      } catch (error) {
        return (error as Error).message;
      }
    });
    return { refused, still: typeof request.session };
  }

  @Get('returned') async returned(@Session() session: Session): Promise<Session> {
    session['n'] = 1;
    return Promise.resolve(session);
  }
}

@SkipSession()
@Controller('skipped')
class SkippedController {
  @Get('health') health(): object {
    return { status: 'up' };
  }

  @Get('asks') asks(@Session() session: Session): unknown {
    return session['n'];
  }

  @UseSession() @Get('takes-back') takesBack(@Session() session: Session): string {
    session['n'] = 1;
    return 'used';
  }
}

@Controller('declared')
class DeclaredController {
  @Get('parameter') parameter(@Session('n') n: unknown): object {
    return { n };
  }

  @Get('nest-parameter') nestParameter(@NestSession() session: Session): object {
    return { n: session['n'] };
  }

  @UseSession() @Get('marked') marked(@Req() request: Requested): object {
    return { n: request.session.n };
  }

  @Get('undeclared') undeclared(): string {
    return 'without';
  }

  @Get('touches') touches(@Req() request: Requested): object {
    return { n: request.session.n };
  }
}

@Controller('manual')
class ManualController {
  @UseGuards(SessionGuard) @UseInterceptors(SessionInterceptor) @Get('mounted') mounted(
    @Session() session: Session,
  ): string {
    session['n'] = ((session['n'] as number | undefined) ?? 0) + 1;
    return `${String(session['n'])} visits`;
  }

  @Get('unmounted') unmounted(@Session() session: Session): string {
    return Object.keys(session).join();
  }
}

describe.each(PLATFORMS)('where the session is on %s', (platform) => {
  let app: TestApp;
  const commits = new CommitSwitch();
  let errors: string[] = [];

  @Catch()
  class MessageFilter implements ExceptionFilter {
    catch(error: Error & { status?: number }, host: ArgumentsHost): void {
      errors.push(error.message);
      host
        .switchToHttp()
        .getResponse<AnyResponse>()
        .status(error.status ?? 500)
        .send({ message: error.message });
    }
  }

  const withMessages = { provide: APP_FILTER, useValue: new MessageFilter() };

  const seed = async (data: Record<string, unknown> = { n: 7 }): Promise<string> => {
    const session = await app.sessions.create();
    session.update(data);
    await session.save();
    return session.key!;
  };

  beforeEach(() => {
    trail = [];
    errors = [];
  });

  afterEach(() => app.close());

  describe('H1', () => {
    beforeEach(async () => {
      app = await startApp(platform, {
        controllers: [PlacesController],
        providers: [
          { provide: APP_GUARD, useClass: RootGuard },
          { provide: APP_GUARD, useClass: ScopedGuard },
          { provide: APP_INTERCEPTOR, useClass: RootInterceptor },
          { provide: APP_PIPE, useClass: ScopedPipe },
          { provide: APP_FILTER, useClass: RootFilter },
        ],
      });
    });

    it("H1 is there for every part of a request, the root module's own and request-scoped ones too", async () => {
      const cookie = await seed();
      expect((await app.send('/all?q=x', { cookie })).body).toBe('all');
      const places = ['root guard', 'scoped guard', 'interceptor', 'pipe', 'handler x', 'interceptor after'];
      expect(trail.map((each) => each.split(':')[0])).toEqual(expect.arrayContaining(places));
      expect(trail.every((each) => each.endsWith(':7'))).toBe(true);
      expect((await app.stored())[cookie]).toEqual({ n: 7, trail: trail.map((each) => each.split(':')[0]) });
    });

    it('H1 is there for an exception filter, which may change it', async () => {
      const cookie = await seed();
      expect((await app.send('/conflict', { cookie })).status).toBe(409);
      expect((await app.stored())[cookie]!['trail']).toContain('filter');
    });
  });

  describe('H3', () => {
    it.each(['property', 'looks-like-a-stream', 'flushed', 'flush-forgotten'])(
      'H3 S60 a failed commit or flush passes the exception filters, and leaves session and cookie: %s',
      async (path) => {
        app = await startApp(platform, {
          controllers: [ShapesController],
          providers: [withMessages],
          wrapStore: commits.wrap,
        });
        const cookie = (await app.sessions.create()).key!;
        commits.fail(new RedisConnectionError());
        const answer = await app.send(`/h5/${path}`, { cookie });
        commits.fail(undefined);
        expect(answer).toMatchObject({
          status: 503,
          body: '{"message":"Redis is not reachable"}',
          setCookies: [],
        });
        expect(errors).toEqual(['Redis is not reachable']);
        expect(await app.stored()).toEqual({ [cookie]: {} });
      },
    );

    it('H3 the log tells of a failed commit without the answer of Redis, which may quote the session key', async () => {
      const printed = [process.stdout, process.stderr].map((stream) =>
        jest.spyOn(stream, 'write').mockReturnValue(true),
      );
      try {
        app = await startApp(platform, {
          controllers: [ShapesController],
          wrapStore: commits.wrap,
          prepare: (nest) => nest.useLogger(new ConsoleLogger({ logLevels: ['error'] })),
        });
        const cookie = (await app.sessions.create()).key!;
        const cause = new Error(`unknown command 'EVALSHA', with args beginning with: '${cookie}'`);
        commits.fail(new RedisServiceError('ERR', { cause }));
        expect((await app.send('/h5/sent', { cookie })).status).toBe(503);
        const log = printed.flatMap((spy) => spy.mock.calls.map(([text]) => String(text))).join('');
        expect(log).toContain('Redis refused the command: ERR');
        expect(log).not.toContain(cookie);
      } finally {
        commits.fail(undefined);
        printed.forEach((spy) => spy.mockRestore());
      }
    });

    it('H3 a filter cannot make a success of it', async () => {
      @Catch()
      class ForgivingFilter implements ExceptionFilter {
        catch(_error: unknown, host: ArgumentsHost): void {
          host.switchToHttp().getResponse<AnyResponse>().status(200).send('success');
        }
      }
      app = await startApp(platform, {
        controllers: [ShapesController],
        providers: [{ provide: APP_FILTER, useClass: ForgivingFilter }],
        wrapStore: commits.wrap,
      });
      commits.fail(new RedisConnectionError());
      const answer = await app.send('/h5/property');
      commits.fail(undefined);
      expect(answer.status).toBe(503);
      expect(answer.body).not.toContain('success');
    });
  });

  describe('H4, H5, H6', () => {
    beforeEach(async () => {
      app = await startApp(platform, {
        controllers: [ShapesController, SkippedController],
        providers: [withMessages],
      });
    });

    it.each(['property', 'nest', 'request'])('H5 property style: %s', async (path) => {
      const first = await app.send(`/h5/${path}`);
      const again = await app.send(`/h5/${path}`, { cookie: keyFrom(first) });
      expect(again.body).toContain('2');
      expect((await app.stored())[keyFrom(first)!]).toEqual({ visits: 2 });
    });

    it('H5 @Session(name) gives an entry, through pipes too', async () => {
      const cookie = await seed({ cart: ['book'], visits: '12' });
      expect((await app.send('/h5/entry', { cookie })).body).toBe('{"cart":["book"]}');
      expect((await app.send('/h5/entry')).body).toBe('{"cart":null}');
      expect((await app.send('/h5/piped', { cookie })).body).toBe('{"visits":12}');
    });

    it('H5 an entry named like a method is reached with get and set', async () => {
      const answer = await app.send('/h5/methods');
      expect(JSON.parse(answer.body)).toEqual({
        entry: 'an entry',
        method: 'function',
        names: ['get', 'cart'],
      });
      expect((await app.stored())[keyFrom(answer)!]).toEqual({ get: 'an entry', cart: ['book'] });
    });

    it('H5 reserved names are refused, and a session can be returned', async () => {
      expect(JSON.parse((await app.send('/h5/reserved')).body)).toEqual({
        assigned: expect.stringContaining('set(') as string,
        deleted: expect.stringContaining('delete(') as string,
        then: 'undefined',
      });
      expect((await app.send('/h5/returned')).body).toBe('{"n":1}');
    });

    it.each(['none', 'valid', 'malformed'])(
      'H4 @SkipSession() with a cookie that is %s: no header',
      async (kind) => {
        const cookie = { none: undefined, valid: await seed(), malformed: 'abc' }[kind];
        const answer = await app.send('/skipped/health', { cookie });
        expect(answer.body).toBe('{"status":"up"}');
        expect(answer.setCookies).toEqual([]);
        expect(answer.headers).not.toHaveProperty('vary');
      },
    );

    it('H5 ending the session by assigning nothing to it is refused, naming flush', async () => {
      const { body } = await app.send('/h5/nullified');
      const message = expect.stringContaining('session.flush()') as unknown;
      expect(JSON.parse(body)).toEqual({ refused: [message, message], still: 'object' });
    });

    it('H4 a handler takes the skipping of its controller back', async () => {
      expect(keyFrom(await app.send('/skipped/takes-back'))).toBeDefined();
    });

    it('H6 asking for a skipped session says what to do', async () => {
      expect((await app.send('/skipped/asks')).status).toBe(500);
      expect(errors).toEqual([expect.stringMatching(/SkippedController\.asks .*@SkipSession\(\)/)]);
    });
  });

  it("H6 with session.mount 'manual' the guard and the interceptor work where they are mounted", async () => {
    app = await startApp(platform, {
      session: { mount: 'manual' },
      controllers: [ManualController],
      providers: [withMessages],
    });
    const first = await app.send('/manual/mounted');
    expect((await app.send('/manual/mounted', { cookie: keyFrom(first) })).body).toBe('2 visits');
    for (const cookie of [undefined, keyFrom(first)])
      expect((await app.send('/manual/unmounted', { cookie })).status).toBe(500);
    expect(errors).toEqual(Array(2).fill(expect.stringMatching(/@UseGuards\(SessionGuard\)/)));
  });

  it("H6 with session.load 'declared' only handlers that declare the session have it", async () => {
    app = await startApp(platform, {
      session: { load: 'declared' },
      controllers: [DeclaredController],
      providers: [withMessages],
    });
    const cookie = await seed();
    for (const path of ['parameter', 'nest-parameter', 'marked'])
      expect((await app.send(`/declared/${path}`, { cookie })).body).toBe('{"n":7}');
    expect((await app.send('/declared/undeclared', { cookie })).body).toBe('without');
    for (const sent of [cookie, undefined])
      expect((await app.send('/declared/touches', { cookie: sent })).status).toBe(500);
    expect(errors).toEqual(Array(2).fill(expect.stringMatching(/'declared'.*@UseSession\(\)/)));
  });

  it('H2 middleware that loads the session may answer with it, also where no route matches', async () => {
    @Module({})
    class Early implements NestModule {
      constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply(
            (
              request: Requested,
              response: AnyResponse & { end(body: string): void },
              next: (e?: unknown) => void,
            ) => {
              this.sessions.ensureLoaded(request.session).then(() => {
                request.session.n = (request.session.n ?? 0) + 1;
                if (String(Reflect.get(request, 'originalUrl')).includes('early'))
                  response.end(`n=${request.session.n}`);
                else next();
              }, next);
            },
          )
          .forRoutes('*path');
      }
    }
    app = await startApp(platform, { imports: [Early] });
    const first = await app.send('/early');
    expect(first.body).toBe('n=1');
    expect((await app.send('/early', { cookie: keyFrom(first) })).body).toBe('n=2');
    const missing = await app.send('/no-such-route', { cookie: keyFrom(first) });
    expect(missing.status).toBe(404);
    expect((await app.stored())[keyFrom(first)!]).toEqual({ n: 3 });
  });

  it('H7 the resolvers of a GraphQL request share the session of their HTTP request', async () => {
    class Resolver {
      viewer(@Session() session: Session): string {
        session['viewed'] = true;
        return 'viewer';
      }

      cart(@Session('n') n: unknown): string {
        return `cart ${String(n)}`;
      }
    }
    @Controller()
    class Endpoint {
      @Get('graphql') async graphql(@Req() request: object): Promise<unknown> {
        const creator = app.app.get(ExternalContextCreator);
        const resolver = new Resolver();
        const run = (name: 'viewer' | 'cart', carried: object | undefined): Promise<unknown> =>
          creator.create(
            resolver,
            resolver[name] as (...args: unknown[]) => unknown,
            name,
            '__routeArguments__',
            { exchangeKeyForValue: () => undefined },
            undefined,
            undefined,
            undefined,
            'graphql',
          )(undefined, {}, carried, {});
        const failed = await run('viewer', {}).catch((error: unknown) => (error as Error).message);
        const results = await Promise.all([
          run('viewer', { req: request }),
          run('cart', { request }),
          run('cart', { req: (request as { raw?: object }).raw ?? request }),
        ]);
        return { results, failed };
      }
    }
    app = await startApp(platform, { controllers: [Endpoint] });
    const cookie = await seed();
    const answer = await app.send('/graphql', { cookie });
    expect(JSON.parse(answer.body)).toEqual({
      results: ['viewer', 'cart 7', 'cart 7'],
      failed: expect.stringMatching(/Resolver\.viewer has no session.*GraphQL/) as string,
    });
    expect((await app.stored())[cookie]).toEqual({ n: 7, viewed: true });
  });
});

describe("Fastify's inject()", () => {
  it('H2 has sessions as any request does', async () => {
    const script = fileURLToPath(new URL('../support/http-inject.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      '@swc-node/register/esm-register',
      script,
    ]);
    const { bodies, headers } = JSON.parse(stdout) as { bodies: string[]; headers: Record<string, unknown> };
    expect(bodies).toEqual(['visits: 1', 'visits: 2']);
    expect(headers).toMatchObject({
      vary: 'Cookie',
      'cache-control': 'private, no-store',
      'set-cookie': expect.stringMatching(/^sessionid_inject=[a-z0-9]{32}; Max-Age=1209600;/) as string,
    });
  }, 60_000);
});
