import { Controller, Get, Post } from '@nestjs/common';
import { SessionStateError } from '../../lib/errors/session.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { type Answer, keyFrom } from '../support/http-request.js';
import { storeSession } from '../support/sessions.js';

const unknown = (letter: string): string => letter.repeat(32);

@Controller()
class CookieController {
  @Get('untouched') untouched(): string {
    return 'untouched';
  }

  @Get('read') read(@Session() session: Session): object {
    return session;
  }

  @Post('write') write(@Session() session: Session): string {
    session['n'] = 'written';
    return 'written';
  }

  @Post('login') async login(@Session() session: Session): Promise<object> {
    await session.signIn(7);
    return session;
  }

  @Post('logout') async logout(@Session() session: Session): Promise<string> {
    await session.flush();
    return 'bye';
  }
}

describe.each(PLATFORMS)('Several session cookies on %s', (platform) => {
  let app: TestApp;
  /** What was asked of the store, each as `get session` or `get trace`, and the other verbs. */
  let calls: string[];
  let valid: string;

  beforeEach(async () => {
    calls = [];
    app = await startApp(platform, {
      controllers: [CookieController],
      wrapStore: (store) =>
        new Proxy(store, {
          get: (target, verb) => {
            const member = Reflect.get(target, verb) as unknown;
            if (typeof member !== 'function') return member;
            return (...args: unknown[]): unknown => {
              calls.push(verb === 'get' ? `get ${String(args[0]).split(':')[1]!}` : String(verb));
              return Reflect.apply(member, target, args);
            };
          },
        }),
    });
    valid = await storeSession(app.sessions, { n: 'valid' });
    calls.length = 0;
  });

  afterEach(() => app.close());

  const send = (path: string, cookies: readonly string[], method = 'GET'): Promise<Answer> =>
    app.send(path, {
      method,
      headers: { cookie: cookies.map((value) => `${COOKIE}=${value}`).join('; other=1; ') },
    });

  const ended = async (deed: 'moved' | 'ended'): Promise<string> => {
    const key = await storeSession(app.sessions, { n: deed });
    const session = await app.sessions.load(key);
    if (deed === 'ended') await session.flush();
    else {
      await session.signIn(7);
      await app.sessions.commit(session);
    }
    calls.length = 0;
    return key;
  };

  const SESSION = 'get session';
  const TRACE = 'get trace';

  it.each([
    ['SE19 the last one is stored', (key: string) => [unknown('a'), key], 1],
    ['SE19 the one before the last is stored', (key: string) => [key, unknown('a')], 2],
    ['SE19 the fourth from the end is stored', (key: string) => [key, ...['a', 'b', 'c'].map(unknown)], 4],
    ['SE19 the same is sent twice', (key: string) => [key, unknown('a'), unknown('a')], 2],
    ['SE20 a malformed one comes last', (key: string) => [key, 's%3Ax.y'], 1],
    ['SE20 a malformed one comes first', (key: string) => ['A'.repeat(32), key], 1],
    ['SE20 an empty one comes last', (key: string) => [key, ''], 1],
    ['SE20 many malformed ones come last', (key: string) => [key, '1', '2', '3', '4', '5'], 1],
  ])('%s: it is found with as many reads as it takes, and no cookie changes', async (_, order, reads) => {
    const read = await send('/read', order(valid));
    expect(JSON.parse(read.body)).toEqual({ n: 'valid' });
    expect(read.setCookies).toEqual([]);
    expect(calls).toEqual(Array<string>(reads).fill(SESSION));
    expect((await send('/untouched', order(valid))).setCookies).toEqual([]);
    expect(keyFrom(await send('/write', order(valid), 'POST'))).toBe(valid);
    expect(await app.stored()).toEqual({ [valid]: { n: 'written' } });
  });

  it('SE19 of two that are stored the last one wins', async () => {
    const other = await storeSession(app.sessions, { n: 'other' });
    calls.length = 0;
    expect((await send('/read', [valid, other])).body).toBe('{"n":"other"}');
    expect((await send('/read', [other, valid])).body).toBe('{"n":"valid"}');
    expect(calls).toEqual([SESSION, SESSION]);
  });

  it('SE19 at most four are tried', async () => {
    const answer = await send('/read', [valid, ...['a', 'b', 'c', 'd'].map(unknown)]);
    expect(answer.body).toBe('{}');
    expect(calls).toEqual([...Array<string>(4).fill(SESSION), ...Array<string>(4).fill(TRACE)]);
  });

  it('SE19 SE2 where none is stored they are as one unknown cookie, and traces are read only then', async () => {
    const cookies = [unknown('a'), 'malformed', unknown('b')];
    const untouched = await send('/untouched', cookies);
    expect(untouched.setCookies).toEqual([]);
    expect(calls).toEqual([SESSION, SESSION, TRACE, TRACE]);
    const read = await send('/read', cookies);
    expect(read.setCookies).toEqual([expect.stringMatching(new RegExp(`^${COOKIE}=;.*Max-Age=0`))]);
    const written = await send('/write', cookies, 'POST');
    expect(written.status).toBe(201);
    expect(cookies).not.toContain(keyFrom(written));
    expect(await app.stored()).toMatchObject({ [String(keyFrom(written))]: { n: 'written' } });
  });

  it('SE20 where all are malformed the cookie is deleted, without a command', async () => {
    const answer = await send('/untouched', ['1', '2', '']);
    expect(answer.setCookies).toEqual([expect.stringMatching(new RegExp(`^${COOKIE}=;`))]);
    expect(calls).toEqual([]);
  });

  it('SE19 SE2 where none is stored the last with a trace decides', async () => {
    const moved = await ended('moved');
    const over = await ended('ended');
    for (const cookies of [
      [moved, unknown('a')],
      [over, moved, unknown('a')],
    ]) {
      calls.length = 0;
      const read = await send('/read', cookies);
      expect([read.body, read.setCookies]).toEqual(['{}', []]);
      expect(calls).toEqual([...cookies.map(() => SESSION), TRACE, TRACE]);
      expect((await send('/write', cookies, 'POST')).status).toBe(400);
      const login = await send('/login', cookies, 'POST');
      expect(JSON.parse(login.body)).toMatchObject({ n: 'moved' });
    }
    calls.length = 0;
    const login = await send('/login', [moved, over], 'POST');
    expect(calls.slice(0, 3)).toEqual([SESSION, SESSION, TRACE]);
    expect(JSON.parse(login.body)).toEqual({ _auth_user_id: '7' });
  });

  it('SE19 a logout ends the one that was found, and no other', async () => {
    const other = await storeSession(app.sessions, { n: 'other' });
    const answer = await send('/logout', [other, valid, unknown('a')], 'POST');
    expect(answer.setCookies).toHaveLength(1);
    expect(answer.setCookies[0]).toMatch(/Max-Age=0/);
    expect(await app.stored()).toEqual({ [other]: { n: 'other' } });
  });

  it('SE19 ends each that may be its own where it was not loaded', async () => {
    const session = app.sessions.open([unknown('a'), valid]);
    expect(() => session['n']).toThrow(SessionStateError);
    await session.flush();
    expect(await app.stored()).toEqual({});
    const again = await storeSession(app.sessions, {});
    expect(await app.sessions.delete(app.sessions.open([unknown('a'), again]))).toBe(true);
    expect(await app.stored()).toEqual({});
  });
});
