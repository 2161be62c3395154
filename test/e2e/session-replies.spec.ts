import { fastifyCompress } from '@fastify/compress';
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
  Injectable,
  type NestInterceptor,
  Query,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Observable, tap } from 'rxjs';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SessionInterceptor } from '../../lib/session-http/nest/session.interceptor.js';
import {
  type AppOptions,
  PLATFORMS,
  type PlatformName,
  startApp,
  type TestApp,
} from '../support/http-app.js';
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
  @Get('object') object(@Session() session: Session): object {
    session.set('n', 1);
    return counted();
  }

  @Get('large') large(@Session() session: Session): object {
    session.set('n', 1);
    return { text: 'text '.repeat(1000) };
  }

  @Header('Content-Type', 'text/csv') @Get('typed') typed(@Session() session: Session): object {
    session.set('n', 1);
    return { id: 1 };
  }

  @Get('later') later(@Session() session: Session, @Query('hook') hook: string): object {
    session.set(hook, 1);
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
          compareAndSet: (...args) => {
            this.saves++;
            return this.#failing ? Promise.resolve({ outcome: 'missing' }) : store.compareAndSet(...args);
          },
        }),
    });
  }

  /** Asks as a visitor who has a session, and says what became of it. */
  async ask(path: string, { failing = false, headers = {} }: Asking = {}) {
    const session = await this.app.sessions.create();
    session.set('ok', 1);
    await this.app.sessions.save(session);
    const cookie = session.id!;
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

  it('leaves the save to the response without SessionInterceptor', async () => {
    expect(await writing.ask('/gated/object')).toMatchObject({ saved: { ok: 1, n: 1, outer: 1 }, saves: 1 });
    expect(await writing.ask('/gated/object', { failing: true })).toMatchObject({ status: 400, saves: 1 });
    expect(caught).toEqual([]);
  });
});

describe("hooks of Fastify around a handler's reply", () => {
  const writing = new WritingApp();
  const seen: unknown[] = [];

  beforeAll(() =>
    writing.start('fastify', {
      prepare: async (app: INestApplication) => {
        await (app as NestFastifyApplication).register(fastifyCompress, { threshold: 1000 });
        const instance = (app as NestFastifyApplication).getHttpAdapter().getInstance();
        instance.addHook('preSerialization', async (request, reply, body) => {
          const { hook } = request.query as { hook?: string };
          await Promise.resolve();
          if (hook === 'fails') throw new Error('a hook failed');
          if (hook === 'refuses') reply.code(500);
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
