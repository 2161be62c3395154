import { Controller, Get, Inject, Query } from '@nestjs/common';
import { createClient } from 'redis';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { SkipSession } from '../../lib/session-http/nest/session-use.decorator.js';
import { SessionService } from '../../lib/session/session.service.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { RedisServer } from '../support/redis-server.js';

/** Lets a test decide when a slow handler goes on. */
class Turnstile {
  #arrived: () => void = () => undefined;
  #go: () => void = () => undefined;
  arrival = Promise.resolve();
  #passage = Promise.resolve();

  close(): void {
    this.arrival = new Promise((resolve) => (this.#arrived = resolve));
    this.#passage = new Promise((resolve) => (this.#go = resolve));
  }

  open(): void {
    this.#go();
  }

  async pass(): Promise<void> {
    this.#arrived();
    await this.#passage;
  }
}

const turnstile = new Turnstile();

@Controller()
class ConcurrentController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('slow') async slow(@Session() session: Session): Promise<string> {
    session['slow'] = true;
    await turnstile.pass();
    return 'done';
  }

  @Get('logout') async logout(@Session() session: Session): Promise<string> {
    await session.flush();
    return 'bye';
  }

  @Get('cycle') async cycle(@Session() session: Session): Promise<string> {
    await session.cycleKey();
    return 'cycled';
  }

  @Get('set') set(@Session() session: Session, @Query('name') name: string): string {
    session[name] = name;
    return 'set';
  }

  @Get('read') read(@Session('n') n: unknown): object {
    return { n: n ?? null };
  }

  @Get('list') list(@Session('list') list: unknown): object {
    return { list };
  }

  @Get('untouched') untouched(): string {
    return 'untouched';
  }

  @Get('excluded') excluded(): string {
    return 'excluded';
  }

  @SkipSession() @Get('skipped') skipped(): string {
    return 'skipped';
  }

  @Get('twice') async twice(@Session() session: Session): Promise<string> {
    await Promise.all([this.sessions.ensureLoaded(session), this.sessions.ensureLoaded(session)]);
    return String(session['n']);
  }
}

const seed = async (app: TestApp, data: Record<string, unknown>): Promise<string> => {
  const session = await app.sessions.create();
  session.update(data);
  await session.save();
  return session.key!;
};

describe.each(
  PLATFORMS.flatMap((platform) => ['memory', 'Redis'].map((store) => [platform, store] as const)),
)('requests at the same time on %s with %s', (platform, store) => {
  let app: TestApp;

  beforeAll(async () => {
    const url = store === 'memory' ? 'memory:' : process.env['TEST_REDIS_URL']!;
    app = await startApp(platform, { url, controllers: [ConcurrentController] });
  });

  afterAll(() => app.close());

  it('M27 a logout during a slow request: the session stays gone, and the slow one gets a 400', async () => {
    for (let round = 0; round < 5; round++) {
      const cookie = await seed(app, { n: round });
      turnstile.close();
      const slow = app.send('/slow', { cookie });
      await turnstile.arrival;
      expect((await app.send('/logout', { cookie })).status).toBe(200);
      turnstile.open();
      const answer = await slow;
      expect(answer.status).toBe(400);
      expect(answer.setCookies).toEqual([]);
      expect(await app.sessions.exists(cookie)).toBe(false);
    }
  });

  it('S57 20 requests that each set another entry: all 20 are there', async () => {
    for (let round = 0; round < 3; round++) {
      const cookie = await seed(app, { n: round });
      const names = Array.from({ length: 20 }, (_, at) => `entry-${at}`);
      const answers = await Promise.all(names.map((name) => app.send(`/set?name=${name}`, { cookie })));
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
      const expected = Object.fromEntries(names.map((name) => [name, name]));
      expect((await app.stored())[cookie]).toEqual({ n: round, ...expected });
    }
  });
});

describe.each(PLATFORMS)('the commands of a request on %s', (platform) => {
  let server: RedisServer;
  let app: TestApp;
  let client: ReturnType<typeof createClient>;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = createClient({ url: server.url });
    await client.connect();
    const session = { exclude: ['excluded'] };
    app = await startApp(platform, { url: server.url, controllers: [ConcurrentController], session });
  });

  afterAll(async () => {
    await app.close();
    client.destroy();
    await server.stop();
  });

  /** How many commands clients sent, those inside of scripts and those about the connection itself left out. */
  const count = async (): Promise<number> => {
    const stats = await client.info('commandstats');
    return [...stats.matchAll(/^cmdstat_([a-z|]+):calls=(\d+)/gm)]
      .filter(([, name]) =>
        ['get', 'set', 'evalsha', 'eval', 'del', 'unlink', 'pexpire', 'exists'].includes(name!),
      )
      .reduce((sum, [, , calls]) => sum + Number(calls), 0);
  };

  const commandsOf = async (path: string, cookie?: string, inner = 2): Promise<number> => {
    const scripts = await scriptCalls(inner);
    const before = await count();
    expect((await app.send(path, { cookie })).status).toBeLessThan(500);
    return (await count()) - before - ((await scriptCalls(inner)) - scripts);
  };

  /** A compare-and-set reads and writes within its script: two of the counted commands that nobody sent. */
  const scriptCalls = async (inner: number): Promise<number> => {
    const stats = await client.info('commandstats');
    const calls = (name: string): number =>
      Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
    return inner * (calls('evalsha') + calls('eval'));
  };

  it.each([
    ['M1 anonymous, untouched', 0, '/untouched', undefined],
    ['S13 anonymous, read', 0, '/read', undefined],
    ['M15 malformed', 0, '/read', 'abc'],
    ['SE3 excluded', 0, '/excluded', 'valid'],
    ['SE7 skipped', 1, '/skipped', 'valid'],
    ['SE1 unmatched', 1, '/no-such-route', 'valid'],
    ['M4 untouched', 1, '/untouched', 'valid'],
    ['M5 read', 1, '/read', 'valid'],
    ['S38 an object read and not changed', 1, '/list', 'valid'],
    ['H1 asked for twice', 1, '/twice', 'valid'],
    ['M16 SE2 unknown', 2, '/untouched', 'stale0stale0stale0stale0stale0st'],
    ['M3 a new one', 1, '/set?name=a', undefined],
    ['M6 write', 2, '/set?name=a', 'valid'],
    ['SE2 write under an unknown key', 3, '/set?name=a', 'stale0stale0stale0stale0stale0st'],
    ['SE14 a new key', 3, '/cycle', 'valid'],
    ['M9 logout', 2, '/logout', 'valid'],
  ])('%s: %i', async (_name, commands, path, kind) => {
    // an ending reads, deletes, looks for a trace and leaves one; a move reads, deletes and leaves one
    const inner = { '/logout': 4, '/cycle': 3 }[path] ?? 2;
    const cookie = kind === 'valid' ? await seed(app, { n: 1, list: [1, 2] }) : kind;
    await commandsOf(path, kind === 'valid' ? await seed(app, { n: 1, list: [1] }) : cookie);
    expect(await commandsOf(path, cookie, inner)).toBe(commands);
  });
});
