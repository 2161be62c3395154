import { fastifyCompress } from '@fastify/compress';
import { jest } from '@jest/globals';
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Header,
  type INestApplication,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  Query,
  Res,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import { setImmediate as eventLoop } from 'node:timers/promises';
import { type Observable, tap } from 'rxjs';
import { RedisTimeoutError } from '../../lib/errors/redis.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SessionInterceptor } from '../../lib/session-http/nest/session.interceptor.js';
import {
  type AppOptions,
  COOKIE,
  PLATFORMS,
  type PlatformName,
  startApp,
  type TestApp,
} from '../support/http-app.js';
import { until } from '../support/redis-admin.js';
import { storeWith } from '../support/sessions.js';

/** How often the text of a body was made, and what the filter got. */
let texts = 0;
const caught: unknown[] = [];

const counted = () => ({
  toJSON() {
    texts++;
    return { id: 1 };
  },
});

/** Called while a session is being saved. */
let answerEarlier: (() => unknown) | undefined;

interface Replier {
  status(code: number): { send(body: unknown): void };
}

@Catch()
class TellingFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    caught.push(error.name);
    host.switchToHttp().getResponse<Replier>().status(409).send('told');
  }
}

let adapter: AbstractHttpAdapter | undefined;

/** Replies as Nest does for a handler. */
@Catch()
class AwaitingFilter implements ExceptionFilter {
  async catch(_error: Error, host: ArgumentsHost): Promise<void> {
    await adapter!.reply(host.switchToHttp().getResponse(), { told: true }, undefined);
  }
}

@Injectable()
class Outermost implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { session } = context.switchToHttp().getRequest<{ session: Session }>();
    return next.handle().pipe(tap(() => session.set('outer', 1)));
  }
}

@UseFilters(TellingFilter)
@Controller()
class WritingController {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  @Get('object') object(@Session() session: Session): object {
    session.set('n', 1);
    return counted();
  }

  @Get('text') text(@Session() session: Session): string {
    session.set('n', 1);
    return 'text';
  }

  @Get('reading') reading(@Session() session: Session): string {
    return String(session.get('ok'));
  }

  @Get('large') large(@Session() session: Session): object {
    session.set('n', 1);
    return { text: 'text '.repeat(1000) };
  }

  @Header('Content-Type', 'text/csv') @Get('typed') typed(@Session() session: Session): object {
    session.set('n', 1);
    return { id: 1 };
  }

  @Get('answered') answered(
    @Session() session: Session,
    @Res({ passthrough: true }) replier: Replier,
  ): object {
    session.set('n', 1);
    answerEarlier = () => {
      replier.status(503).send({ is: 'earlier' });
    };
    return counted();
  }

  @Get('unawaited') unawaited(@Session() session: Session, @Res() replier: Replier): void {
    session.set('n', 1);
    answerEarlier = () => {
      replier.status(503).send({ is: 'earlier' });
    };
    void this.host.httpAdapter.reply(replier, counted(), undefined);
  }

  @UseFilters(AwaitingFilter) @Get('thrown') thrown(@Session() session: Session): never {
    adapter = this.host.httpAdapter;
    session.set('n', {});
    (session.get('n') as Record<string, unknown>)['at'] = new Date();
    throw new Error('thrown');
  }

  @Get('later') later(@Session() session: Session, @Query('hook') hook: string): object {
    session.set(hook, 1);
    return { id: 1 };
  }
}

@Controller('unfiltered')
class UnfilteredController {
  @Get('object') object(@Session() session: Session): object {
    session.set('n', 1);
    return counted();
  }
}

@UseFilters(TellingFilter)
@Controller('untouched')
class UntouchedController {
  @Header('Content-Type', 'text/csv') @Get('typed') typed(): object {
    return { id: 1 };
  }
}

@UseInterceptors(Outermost, SessionInterceptor)
@UseGuards(SessionGuard)
@Controller()
class InterceptedController extends WritingController {}

@UseInterceptors(Outermost)
@UseGuards(SessionGuard)
@Controller('gated')
class GatedController extends WritingController {}

interface Asking {
  /** Whether the save fails. */
  readonly failing?: boolean;
  readonly headers?: Record<string, string>;
}

/** An application that counts its saves. */
class WritingApp {
  #failing = false;
  saves = 0;
  app!: TestApp;

  async start(platform: PlatformName, options: AppOptions = {}): Promise<void> {
    this.app = await startApp(platform, {
      controllers: [WritingController],
      ...options,
      wrapStore: (store) =>
        storeWith(store, {
          compareAndSet: async (...args) => {
            this.saves++;
            await eventLoop();
            const answer = answerEarlier;
            answerEarlier = undefined;
            await answer?.();
            return this.#failing ? { outcome: 'missing' } : store.compareAndSet(...args);
          },
        }),
    });
  }

  /** The key of a new session. */
  async seed(): Promise<string> {
    const session = await this.app.sessions.create();
    session.set('ok', 1);
    await this.app.sessions.save(session);
    return session.id!;
  }

  /** Asks as a visitor who has a session, and says what became of it. */
  async ask(path: string, { failing = false, headers = {} }: Asking = {}) {
    const cookie = await this.seed();
    this.#failing = failing;
    this.saves = 0;
    texts = 0;
    caught.length = 0;
    const answer = await this.app.send(path, { cookie, headers });
    this.#failing = false;
    return { ...answer, saved: (await this.app.stored())[cookie], saves: this.saves };
  }
}

describe.each(PLATFORMS)('what a handler returns, beside its session, on %s', (platform) => {
  const writing = new WritingApp();

  beforeAll(() => writing.start(platform));
  afterAll(() => writing.app.close());
  afterEach(() => writing.app.forget());

  it('is made into text once and leaves when the session is saved, which is done once', async () => {
    const { status, body, saved, saves } = await writing.ask('/object');
    expect({ status, body, saved, saves, texts }).toEqual({
      status: 200,
      body: '{"id":1}',
      saved: { ok: 1, n: 1 },
      saves: 1,
      texts: 1,
    });
  });

  it('is replaced by what a filter of the handler says to a failed save', async () => {
    const { status, body, headers, saves } = await writing.ask('/object', { failing: true });
    expect({ status, body, saves, texts, caught }).toEqual({
      status: 409,
      body: 'told',
      saves: 1,
      texts: 1,
      caught: ['SessionInterruptedError'],
    });
    expect(headers['content-type']).not.toMatch('json');
  });
});

interface Sender {
  send(body: unknown): unknown;
}

/** Fails once, after the platform's own `send()`. */
const failAfterSend = (response: Sender): void => {
  const { send } = response;
  response.send = function (body) {
    Reflect.apply(send, this, [body]);
    response.send = send;
    throw new Error('a wrapper failed');
  };
};

/** Fails once, before the platform's own `send()`. */
const failBeforeSend = (response: Sender): void => {
  const { send } = response;
  response.send = function () {
    response.send = send;
    throw new Error('a wrapper failed');
  };
};

/** Sends by the platform's own `send()`, and once more. */
const sendTwice = (response: Sender): void => {
  const { send } = response;
  response.send = function (body) {
    response.send = send;
    Reflect.apply(send, this, [body]);
    return Reflect.apply(send, this, [body]);
  };
};

const wrapSend = (app: INestApplication, wrap: (response: Sender) => void): void => {
  if (app.getHttpAdapter().getType() === 'express')
    app.use((_request: object, response: Sender, next: () => void) => {
      wrap(response);
      next();
    });
  else
    (app as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (_request, reply, done) => {
        wrap(reply);
        done();
      });
};

describe.each(PLATFORMS)('a wrapped send() on %s', (platform) => {
  const writing = new WritingApp();
  let wrap: (response: Sender) => void;

  beforeAll(() =>
    writing.start(platform, {
      controllers: [WritingController, UnfilteredController],
      nestOptions: { logger: false },
      prepare: (app) => wrapSend(app, (response) => wrap(response)),
    }),
  );
  afterAll(() => writing.app.close());
  afterEach(() => writing.app.forget());

  it('that fails is an error of the request, and nothing is saved', async () => {
    wrap = failAfterSend;
    const { status, saved, saves } = await writing.ask('/unfiltered/object');
    expect({ status, saved, saves }).toEqual({ status: 500, saved: { ok: 1 }, saves: 0 });
  });

  it.each(['/text', '/reading'])(
    'that fails before it sends leaves the reply to %s to the filter',
    async (path) => {
      wrap = failBeforeSend;
      expect(await writing.ask(path)).toMatchObject({ status: 409, body: 'told' });
      expect(caught).toEqual(['Error']);
    },
  );

  it('that sends twice sends once', async () => {
    wrap = sendTwice;
    const { status, body, saved, saves } = await writing.ask('/text');
    expect({ status, body, saved, saves, caught }).toEqual({
      status: 200,
      body: 'text',
      saved: { ok: 1, n: 1 },
      saves: 1,
      caught: [],
    });
  });
});

describe('a body that its content type does not allow, on fastify', () => {
  const writing = new WritingApp();

  beforeAll(() => writing.start('fastify', { controllers: [WritingController, UntouchedController] }));
  afterAll(() => writing.app.close());
  afterEach(() => writing.app.forget());

  it.each(['/typed', '/untouched/typed'])('reaches the filter of the handler of %s', async (path) => {
    expect(await writing.ask(path)).toMatchObject({ status: 409, body: 'told' });
    expect(caught).toEqual(['FastifyError']);
  });
});

describe.each(PLATFORMS)(
  'an answer that was sent while the session of a reply was saved, on %s',
  (platform) => {
    const writing = new WritingApp();

    beforeAll(() => writing.start(platform));
    afterAll(() => writing.app.close());
    afterEach(() => writing.app.forget());

    it.each(['/answered', '/unawaited'])('stays the answer of %s', async (path) => {
      const { status, body, saved } = await writing.ask(path);
      expect({ status, body, saved, caught }).toEqual({
        status: 503,
        body: '{"is":"earlier"}',
        saved: { ok: 1, n: 1 },
        caught: [],
      });
    });

    it.each(['/answered', '/unawaited'])('tells of the failed save of %s', async (path) => {
      const { status, body } = await writing.ask(path, { failing: true });
      expect(status).toBe(400);
      expect(body).toMatch('The session was ended');
      expect(caught).toEqual([]);
    });
  },
);

describe.each(PLATFORMS)("session.mount 'manual' on %s", (platform) => {
  const writing = new WritingApp();

  beforeAll(() =>
    writing.start(platform, {
      session: { mount: 'manual' },
      controllers: [GatedController, InterceptedController],
    }),
  );
  afterAll(() => writing.app.close());
  afterEach(() => writing.app.forget());

  it('makes the text once beside SessionInterceptor, and saves what the interceptors around it change', async () => {
    const { body, saved, saves } = await writing.ask('/object');
    expect({ body, saved, saves, texts }).toEqual({
      body: '{"id":1}',
      saved: { ok: 1, n: 1, outer: 1 },
      saves: 1,
      texts: 1,
    });
  });

  it('tells a filter of a failed save beside SessionInterceptor', async () => {
    expect(await writing.ask('/object', { failing: true })).toMatchObject({ status: 409, body: 'told' });
    expect(caught).toEqual(['SessionInterruptedError']);
  });

  it('leaves the save to the response where the handler threw, however a filter replies', async () => {
    expect(await writing.ask('/thrown')).toMatchObject({ status: 500, saved: { ok: 1 } });
  });

  it('leaves the save to the response without SessionInterceptor', async () => {
    expect(await writing.ask('/gated/object')).toMatchObject({ saved: { ok: 1, n: 1, outer: 1 }, saves: 1 });
    expect(await writing.ask('/gated/object', { failing: true })).toMatchObject({ status: 400, saves: 1 });
    expect(caught).toEqual([]);
  });
});

describe("hooks of Fastify around a handler's reply", () => {
  const writing = new WritingApp();
  const seen: unknown[] = [];
  let reply: FastifyReply | undefined;

  beforeAll(() =>
    writing.start('fastify', {
      adapter: () => {
        const adapter = new FastifyAdapter();
        const instance = adapter.getInstance();
        instance.addHook('onRequest', (_request, its, done) => {
          reply = its;
          its.header('x-before', 'kept');
          done();
        });
        // before those of the module
        instance.addHook('onSend', (_request, reply, body, done) => {
          if (typeof body === 'string' && body.includes('describes'))
            reply.headers({ 'content-encoding': 'identity', etag: '"1"' });
          done(null, body);
        });
        return adapter;
      },
      prepare: async (app: INestApplication) => {
        await (app as NestFastifyApplication).register(fastifyCompress, { threshold: 1000 });
        const instance = (app as NestFastifyApplication).getHttpAdapter().getInstance();
        instance.addHook('preSerialization', async (request, reply, body) => {
          const { hook } = request.query as { hook?: string };
          await Promise.resolve();
          if (hook === 'fails') throw new Error('a hook failed');
          if (hook === 'refuses') reply.code(500);
          if (hook === 'describes')
            reply.code(203).headers({ 'x-total-count': '1', 'last-modified': 'now', 'set-cookie': 'hook=1' });
          if (hook === 'writes') (request as unknown as { session: Session }).session.set('hook', 1);
          if (hook === 'ends') await (request as unknown as { session: Session }).session.flush();
          return hook === undefined ? body : { hook };
        });
        instance.addHook('onSend', async (_request, _reply, body) => {
          await Promise.resolve();
          seen.push(body);
          return body;
        });
      },
    }),
  );
  afterAll(() => writing.app.close());
  beforeEach(() => (seen.length = 0));
  afterEach(() => jest.restoreAllMocks());
  afterEach(() => writing.app.forget());

  it('get the body and the text once', async () => {
    const { body, saved, saves } = await writing.ask('/object');
    expect({ body, saved, saves, texts, seen }).toEqual({
      body: '{"id":1}',
      saved: { ok: 1, n: 1 },
      saves: 1,
      texts: 1,
      seen: ['{"id":1}'],
    });
  });

  it('get nothing of a reply whose session was not saved, but that of the filter', async () => {
    expect(await writing.ask('/object', { failing: true })).toMatchObject({
      status: 409,
      body: 'told',
      saves: 1,
    });
    expect({ seen, caught }).toEqual({ seen: ['told'], caught: ['SessionInterruptedError'] });
  });

  it('may compress the text', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const sent = await writing.ask('/large', { headers });
    expect(sent).toMatchObject({
      status: 200,
      saved: { ok: 1, n: 1 },
      headers: { 'content-encoding': 'gzip' },
    });
    const refused = await writing.ask('/large', { failing: true, headers });
    expect(refused).toMatchObject({ status: 409, body: 'told' });
    expect(refused.headers).not.toHaveProperty('content-encoding');
  });

  it('leave a failed save to the log if the client has gone before the text is made', async () => {
    const logged: unknown[] = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message) => logged.push(message));
    const cookie = `${COOKIE}=${await writing.seed()}`;
    const gone = new AbortController();
    answerEarlier = async () => {
      const closed = once(reply!.raw, 'close');
      gone.abort();
      await closed;
      await eventLoop();
      throw new RedisTimeoutError(1000);
    };
    const asked = fetch(`http://127.0.0.1:${writing.app.port}/later?hook=late`, {
      headers: { cookie },
      signal: gone.signal,
    });
    await expect(asked).rejects.toThrow('aborted');
    await until('the failed save is logged', () => Promise.resolve(logged.length > 0));
    expect(logged).toEqual([expect.stringContaining('/later: RedisTimeoutError')]);
  });

  it('leave nothing of what they said of a body that was not sent', async () => {
    const sent = await writing.ask('/later?hook=describes');
    const described = {
      'x-total-count': '1',
      'last-modified': 'now',
      'content-encoding': 'identity',
      etag: '"1"',
    };
    expect(sent).toMatchObject({ status: 203, headers: described, saved: { ok: 1, describes: 1 } });
    const { status, body, headers, setCookies } = await writing.ask('/later?hook=describes', {
      failing: true,
    });
    expect({ status, body, setCookies }).toEqual({ status: 409, body: 'told', setCookies: [] });
    for (const name of Object.keys(described)) expect(headers).not.toHaveProperty(name);
    expect(headers).toMatchObject({ 'x-before': 'kept' });
  });

  it('have what they write to the session saved', async () => {
    const answer = await writing.ask('/later?hook=writes');
    expect(answer).toMatchObject({
      body: '{"hook":"writes"}',
      saved: { ok: 1, writes: 1, hook: 1 },
      saves: 1,
    });
  });

  it('have the session ended that they end', async () => {
    const { status, saved, setCookies } = await writing.ask('/later?hook=ends');
    expect({ status, saved }).toEqual({ status: 200, saved: undefined });
    expect(setCookies).toHaveLength(1);
  });

  it.each(['fails', 'refuses'])(
    'keep the session from being saved if one %s before the text',
    async (hook) => {
      const { status, saved, saves } = await writing.ask(`/later?hook=${hook}`);
      expect({ status, saved, saves }).toEqual({ status: 500, saved: { ok: 1 }, saves: 0 });
    },
  );

  it('leave nothing saved of a body that its content type does not allow', async () => {
    const { status, saved, saves } = await writing.ask('/typed');
    expect({ saved, saves }).toEqual({ saved: { ok: 1 }, saves: 0 });
    expect(status).toBeGreaterThanOrEqual(400);
  });
});
