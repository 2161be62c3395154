import { Controller, Get, type INestApplication, Post, Req, Res } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import express, { type Express } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionOptions } from '../../lib/config/session-options.js';
import { loadSession } from '../../lib/session-http/nest/load-session.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { startApp, type TestApp } from '../support/http-app.js';
import { type Answer, parsedCookie, request } from '../support/http-request.js';
import { CommitSwitch } from '../support/http-store.js';

type Visits = Session<{ visits: number; seen: number; user: string }>;
type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
type Middleware = (request: { session: Visits }, response: unknown, next: () => void) => void;

@Controller()
class VisitsController {
  @Get('visits') visits(@Session() session: Visits): string {
    session.visits = (session.visits ?? 0) + 1;
    return String(session.visits);
  }

  @Post('login') login(@Session() session: Visits): Promise<void> {
    session.user = 'ada';
    return session.cycleKey();
  }

  @Get('me') me(@Req() { session }: { session: Visits }): string {
    return session.user ?? 'nobody';
  }

  @Get('plain') plain(@Req() incoming: { session?: Visits }): string {
    return typeof incoming.session;
  }

  @Get('raw') raw(@Session() session: Visits, @Res() response: { raw?: ServerResponse }): void {
    session.visits = (session.visits ?? 0) + 1;
    const raw = response.raw ?? (response as ServerResponse);
    raw.writeHead(200, { 'X-Own': 'yes' }).end(String(session.visits));
  }

  /** Replaces the session of the outer application while both are about to be committed. */
  @Get('late') late(@Session() session: Visits, @Res() response: { raw?: ServerResponse }): void {
    session.visits = (session.visits ?? 0) + 1;
    (response.raw ?? (response as ServerResponse)).end(String(session.visits));
    replaced = outerSession?.regenerate(['seen']);
  }
}

let outerSession: Visits | undefined;
let replaced: Promise<void> | undefined;

const keepOuter: Middleware = (incoming, _response, next) => {
  outerSession = incoming.session;
  outerSession.seen = 1;
  next();
};

/** Writes to the session of the application that it is middleware of. */
const seen: Middleware = (incoming, _response, next) => {
  incoming.session.seen = (incoming.session.seen ?? 0) + 1;
  next();
};

const useSeen = (app: INestApplication): void => void app.use(seen);

/** As a hook where it can be one: middleware does not work in a Fastify that an Express calls. */
const hookSeen = (app: INestApplication): void => {
  const instance: unknown = app.getHttpAdapter().getInstance();
  if (app.getHttpAdapter().getType() === 'express') useSeen(app);
  else (instance as { addHook(name: string, hook: Middleware): void }).addHook('preHandler', seen);
};

interface Given {
  readonly session?: SessionOptions;
  readonly use?: (app: INestApplication) => void;
  readonly commits?: CommitSwitch;
}

interface Pair {
  readonly outer: TestApp;
  readonly inner: TestApp;
}

type Mount = (outer: Given, inner: Given) => Promise<Pair>;

const instanceOf = <T>({ app }: TestApp): T => app.getHttpAdapter().getInstance() as T;

const start = (
  name: 'outer' | 'inner',
  platform: 'express' | 'fastify',
  given: Given,
  own: { prepare?: (app: INestApplication) => void; adapter?: () => ExpressAdapter } = {},
): Promise<TestApp> =>
  startApp(platform, {
    controllers: [VisitsController],
    session: { ...given.session, cookie: { name } },
    ...(given.commits !== undefined && { wrapStore: given.commits.wrap }),
    ...(own.adapter !== undefined && { adapter: own.adapter }),
    prepare: (app) => {
      given.use?.(app);
      own.prepare?.(app);
    },
  });

/** Starts the inner one first, and gives the outer one its handler for /inner. */
const afterInit =
  (
    platforms: { outer: 'express' | 'fastify'; inner: 'express' | 'fastify' },
    handler: (inner: TestApp) => unknown,
  ): Mount =>
  async (outerGiven, innerGiven) => {
    const inner = await start('inner', platforms.inner, innerGiven);
    const outer = await start('outer', platforms.outer, outerGiven, {
      prepare: (app) => void app.use('/inner', handler(inner)),
    });
    return { outer, inner };
  };

/** Makes the inner one of an Express that is mounted already. */
const beforeIt: Mount = async (outerGiven, innerGiven) => {
  const instance = express();
  const outer = await start('outer', 'express', outerGiven, {
    prepare: (app) => void app.use('/inner', instance),
  });
  const inner = await start('inner', 'express', innerGiven, { adapter: () => new ExpressAdapter(instance) });
  return { outer, inner };
};

/** Mounts the inner one when it has its sessions, and is not initialized. */
const beforeInit: Mount = async (outerGiven, innerGiven) => {
  const outlet = express.Router();
  const outer = await start('outer', 'express', outerGiven, {
    prepare: (app) => void app.use(outlet),
  });
  const inner = await start('inner', 'express', innerGiven, {
    prepare: (app) =>
      void instanceOf<Express>(outer).use('/inner', app.getHttpAdapter().getInstance() as Express),
  });
  // the outer one has its own 404 behind all routes by then
  outlet.use('/inner', instanceOf<Express>(inner));
  return { outer, inner };
};

const called =
  (inner: TestApp): Handler =>
  (incoming, response, next) =>
    instanceOf<Handler>(inner)(incoming, response, next);

const routed =
  (inner: TestApp): Handler =>
  (incoming, response) =>
    instanceOf<{ routing: Handler }>(inner).routing(incoming, response, () => undefined);

const inBetween = (inner: TestApp): Express => express().use('/', instanceOf<Express>(inner));

const MOUNTS: Readonly<Record<string, Mount>> = {
  'an Express in an Express': afterInit({ outer: 'express', inner: 'express' }, instanceOf),
  'an Express in an Express, mounted before it was made': beforeIt,
  'an Express in an Express, mounted before init()': beforeInit,
  'an Express in an Express, called by a middleware': afterInit(
    { outer: 'express', inner: 'express' },
    called,
  ),
  'an Express in an Express, with one between them': afterInit(
    { outer: 'express', inner: 'express' },
    inBetween,
  ),
  'a Fastify in a Fastify': afterInit({ outer: 'fastify', inner: 'fastify' }, routed),
  'a Fastify in an Express': afterInit({ outer: 'express', inner: 'fastify' }, routed),
  'an Express in a Fastify': afterInit({ outer: 'fastify', inner: 'express' }, called),
};

/** A browser, as far as it keeps cookies. */
class Browser {
  readonly #cookies = new Map<string, string>();

  constructor(private readonly port: number) {}

  async visit(path: string, method = 'GET'): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await request(this.port, path, {
      method,
      ...(cookie !== '' && { headers: { Cookie: cookie } }),
    });
    for (const { name, value } of answer.setCookies.map(parsedCookie))
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    return answer;
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  put(name: string, value: string): void {
    this.#cookies.set(name, value);
  }
}

const touching: readonly Given[] = [{}, { use: (app) => void app.use(loadSession) }, { use: useSeen }];

describe.each(Object.entries(MOUNTS))('An application mounted in another: %s', (_name, mount) => {
  let pair: Pair | undefined;
  let browser: Browser;

  const begin = async (outer: Given = {}, inner: Given = {}): Promise<Pair> => {
    pair = await mount(outer, inner);
    browser = new Browser(pair.outer.port);
    return pair;
  };

  afterEach(async () => {
    await pair?.outer.close();
    await pair?.inner.close();
    pair = undefined;
  });

  it.each([...touching.entries()])('SE28 has its own session, cookie and store (%i)', async (_at, given) => {
    const { outer, inner } = await begin(given);
    expect((await browser.visit('/visits')).body).toBe('1');
    expect((await browser.visit('/inner/visits')).body).toBe('1');
    expect((await browser.visit('/inner/visits')).body).toBe('2');
    expect((await browser.visit('/inner/raw')).body).toBe('3');
    expect((await browser.visit('/visits')).body).toBe('2');
    expect((await browser.visit('/raw')).body).toBe('3');
    expect(browser.cookie('outer')).not.toBe(browser.cookie('inner'));
    expect(Object.keys(await outer.stored())).toEqual([browser.cookie('outer')]);
    expect(await inner.stored()).toEqual({ [browser.cookie('inner') ?? '']: { visits: 3 } });
  });

  it('SE28 serves its own server beside the other, with its own session alone', async () => {
    const { inner } = await begin({ use: useSeen }, { use: hookSeen });
    const alone = await inner.send('/visits');
    expect(alone.setCookies.map((line) => parsedCookie(line).name)).toEqual(['inner']);
    expect((await browser.visit('/inner/visits')).body).toBe('1');
  });

  it('SE28 a login in one is none in the other', async () => {
    await begin(touching[1]);
    await browser.visit('/login', 'POST');
    expect((await browser.visit('/me')).body).toBe('ada');
    expect((await browser.visit('/inner/me')).body).toBe('nobody');
    const outerCookie = browser.cookie('outer');
    await browser.visit('/inner/login', 'POST');
    expect((await browser.visit('/inner/me')).body).toBe('ada');
    expect(browser.cookie('outer')).toBe(outerCookie);
  });

  it('SE28 one response commits both sessions and gives both cookies', async () => {
    const commits = { outer: new CommitSwitch(), inner: new CommitSwitch() };
    const { outer, inner } = await begin(
      { commits: commits.outer, use: useSeen },
      { commits: commits.inner, use: hookSeen },
    );
    for (const path of ['/inner/visits', '/inner/raw']) {
      const answer = await browser.visit(path);
      expect(answer.status).toBe(200);
      if (path === '/inner/visits')
        expect(answer.setCookies.map((line) => parsedCookie(line).name).sort()).toEqual(['inner', 'outer']);
    }
    expect(await outer.stored()).toEqual({ [browser.cookie('outer') ?? '']: { seen: 2 } });
    expect(await inner.stored()).toEqual({ [browser.cookie('inner') ?? '']: { seen: 2, visits: 2 } });
    commits.outer.hold();
    const held = browser.visit('/inner/visits');
    await commits.outer.untilBegun();
    expect(commits.inner.begun).toBe(3);
    commits.outer.release();
    expect((await held).body).toBe('3');
  });

  it('SE28 where one cannot be saved the client gets an error, and one that comes after it saves nothing', async () => {
    const commits = { outer: new CommitSwitch(), inner: new CommitSwitch() };
    const { outer } = await begin({ commits: commits.outer, use: useSeen }, { commits: commits.inner });
    await browser.visit('/inner/visits');
    commits.inner.fail(new Error('the inner store is down'));
    for (const path of ['/inner/visits', '/inner/raw']) {
      const { status, body, setCookies } = await browser.visit(path);
      expect([status, body.includes('500'), setCookies]).toEqual([500, true, []]);
    }
    expect(Object.values(await outer.stored())).toEqual([{ seen: 1 }]);
    commits.inner.fail(undefined);
    commits.outer.fail(new Error('the outer store is down'));
    for (const path of ['/inner/visits', '/inner/raw']) expect((await browser.visit(path)).status).toBe(500);
    commits.outer.fail(undefined);
    expect(Object.values(await outer.stored())).toEqual([{ seen: 1 }]);
  });

  it('SE28 each takes away a malformed cookie of its own, and no other', async () => {
    await begin();
    await browser.visit('/inner/visits');
    browser.put('outer', 'not-a-key');
    const taken = await browser.visit('/inner/me');
    expect(taken.setCookies.map((line) => parsedCookie(line))).toMatchObject([{ name: 'outer', value: '' }]);
    browser.put('inner', 'nor-is-this');
    browser.put('outer', 'not-a-key');
    const both = await browser.visit('/inner/me');
    expect(both.setCookies.map((line) => parsedCookie(line).name).sort()).toEqual(['inner', 'outer']);
  });

  it('SE28 one that is replaced while the other is committed is committed as well', async () => {
    const { outer, inner } = await begin({ use: (app) => void app.use(keepOuter) });
    const { status, body, setCookies } = await browser.visit('/inner/late');
    expect({ status, body }).toEqual({ status: 200, body: '1' });
    expect(setCookies.map((line) => parsedCookie(line).name).sort()).toEqual(['inner', 'outer']);
    await replaced;
    expect(await inner.stored()).toEqual({ [browser.cookie('inner') ?? '']: { visits: 1 } });
    expect(await outer.stored()).toEqual({ [browser.cookie('outer') ?? '']: { seen: 1 } });
  });

  it('SE28 an excluded path of one is none of the other', async () => {
    const { outer, inner } = await begin({ session: { exclude: ['inner/{*path}'] } });
    expect((await browser.visit('/inner/visits')).body).toBe('1');
    expect((await browser.visit('/visits')).body).toBe('1');
    expect(Object.values(await inner.stored())).toEqual([{ visits: 1 }]);
    expect(Object.values(await outer.stored())).toEqual([{ visits: 1 }]);
  });

  it('SE28 SE3 an excluded path of the inner one is named as the client asks for it', async () => {
    const { outer, inner } = await begin({ use: useSeen }, { session: { exclude: ['inner/plain'] } });
    expect((await browser.visit('/inner/plain')).body).toBe('undefined');
    expect(await inner.stored()).toEqual({});
    expect(Object.values(await outer.stored())).toEqual([{ seen: 1 }]);
  });

  it('SE28 a session that one replaces is not replaced for the other', async () => {
    const replacing: Middleware = (incoming, _response, next) => {
      Object.assign(incoming, { session: { user: 'another' } });
      next();
    };
    const { inner } = await begin({ use: (app) => void app.use(replacing) });
    expect((await browser.visit('/inner/me')).body).toBe('nobody');
    expect((await browser.visit('/inner/visits')).body).toBe('1');
    expect(Object.values(await inner.stored())).toEqual([{ visits: 1 }]);
  });
});

describe('An Express that passes a request on to the one it is mounted in', () => {
  it('SE28 leaves its session to be committed with the response of the other', async () => {
    const instance = express();
    const outer = await start(
      'outer',
      'express',
      { use: useSeen },
      { prepare: (app) => void app.use(instance) },
    );
    let answer: Answer | undefined;
    // it has no route and no 404 of its own before it is initialized
    const inner = await startApp('express', {
      session: { cookie: { name: 'inner' } },
      adapter: () => new ExpressAdapter(instance),
      prepare: async (app) => {
        useSeen(app);
        answer = await outer.send('/visits');
      },
    });
    expect(answer?.body).toBe('1');
    expect(answer?.setCookies.map((line) => parsedCookie(line).name).sort()).toEqual(['inner', 'outer']);
    expect(Object.values(await outer.stored())).toEqual([{ seen: 1, visits: 1 }]);
    expect(Object.values(await inner.stored())).toEqual([{ seen: 1 }]);
    await outer.close();
    await inner.close();
  });
});
