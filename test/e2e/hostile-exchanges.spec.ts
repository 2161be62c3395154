import { jest } from '@jest/globals';
import { Controller, Get, Query, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { type RawAnswer, wholeAnswers } from '../support/http-answers.js';
import { RawConnection } from '../support/http-raw.js';
import { parsedCookie } from '../support/http-request.js';
import { roundsOf } from '../support/long-run.js';
import { RedisServer } from '../support/redis-server.js';

const PER_CONNECTION = 10;
/** On both platforms together. */
const EXCHANGES = roundsOf(9000, 900);
const CONNECTIONS = EXCHANGES / PLATFORMS.length / PER_CONNECTION;
const VISITORS = 12;
const ENTRIES = 20;
const AT_ONCE = 15;

type Marked = Session & Record<string, unknown>;

interface Asking {
  /** What is answered, beside whose session it is. */
  readonly mark: string;
  /** What is stored: its name tells for whom. */
  readonly entry: string;
}

/** Says whose session a request has, in each way in which a response can leave. */
@Controller()
class WhoController {
  @Get('read') read(@Session() session: Marked, @Query() { mark }: Asking): string {
    return told(session, mark);
  }

  @Get('write') write(@Session() session: Marked, @Query() { mark, entry }: Asking): string {
    session[entry] = 1;
    return told(session, mark);
  }

  @Get('slow') async slow(@Session() session: Marked, @Query() { mark, entry }: Asking): Promise<string> {
    session[entry] = 1;
    for (let turns = 0; turns < 5; turns++) await turn();
    return told(session, mark);
  }

  @Get('parts') parts(
    @Session() session: Marked,
    @Query() { mark, entry }: Asking,
    @Res() response: ServerResponse & { raw?: ServerResponse },
  ): void {
    session[entry] = 1;
    const raw = response.raw ?? response;
    raw.writeHead(200, { 'Content-Type': 'text/plain' });
    raw.write(`${String(session['visitor'])} `);
    setImmediate(() => raw.end(mark));
  }

  @Get('fails') fails(@Session() session: Marked, @Query() { mark }: Asking): never {
    session['lost'] = 1;
    throw new Error(told(session, mark));
  }
}

const told = (session: Marked, mark: string): string => `${String(session['visitor'])} ${mark}`;

const PATHS = ['read', 'write', 'slow', 'parts', 'fails'] as const;

interface Asked {
  /** `undefined`: a visitor without a cookie. */
  readonly visitor: number | undefined;
  readonly path: (typeof PATHS)[number];
  readonly mark: string;
  readonly entry: string;
}

/** Numbers below a bound, the same for the same seed. */
const dice = (seed: number): ((bound: number) => number) => {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
};

describe.each(PLATFORMS)('pipelined and aborted exchanges on %s', (platform) => {
  let server: RedisServer;
  let app: TestApp;
  let keys: string[];

  beforeAll(async () => {
    // of its own, since what was broken off may be saved at the very end
    server = await RedisServer.start();
    app = await startApp(platform, { url: server.url, controllers: [WhoController] });
    keys = [];
    for (let visitor = 0; visitor < VISITORS; visitor++) {
      const session = await app.sessions.create();
      session.set('visitor', visitor);
      await session.save();
      keys.push(session.key!);
    }
  });

  afterAll(async () => {
    await app.close();
    await server.stop();
  });

  /** Sends requests in one go, and breaks off some connections before they are answered. */
  const exchange = async (
    asked: readonly Asked[],
    breaksOffAfter: number | undefined,
  ): Promise<RawAnswer[]> => {
    const connection = await RawConnection.open(app.port);
    asked.forEach(({ visitor, path, mark, entry }, at) =>
      connection.get(`/${path}?mark=${mark}&entry=${entry}`, [
        ...(visitor === undefined ? [] : [`Cookie: sessionid=${keys[visitor]!}`]),
        ...(at === asked.length - 1 ? ['Connection: close'] : []),
      ]),
    );
    if (breaksOffAfter === undefined) return wholeAnswers(await connection.untilClosed());
    while (wholeAnswers(connection.received).length < breaksOffAfter && !connection.closed) await turn();
    connection.destroy();
    return wholeAnswers(connection.received);
  };

  const check = ({ visitor, path, mark }: Asked, { status, setCookies, body }: RawAnswer): void => {
    if (path === 'fails') expect(status).toBe(500);
    else expect([status, body]).toEqual([200, `${String(visitor)} ${mark}`]);
    const given = setCookies.map((header) => parsedCookie(header).value);
    if (path === 'read' || path === 'fails') expect(given).toEqual([]);
    else if (visitor !== undefined) expect(given).toEqual([keys[visitor]]);
    else expect(given).toEqual([expect.not.stringMatching(new RegExp(keys.join('|')))]);
  };

  it(`shows no visitor the session of another: ${CONNECTIONS} connections with ${PER_CONNECTION} exchanges`, async () => {
    const roll = dice(jest.getSeed());
    let marks = 0;
    let answered = 0;
    const connections = Array.from({ length: CONNECTIONS }, () => ({
      asked: Array.from({ length: PER_CONNECTION }, (): Asked => {
        const number = roll(VISITORS + 2);
        const visitor = number < VISITORS ? number : undefined;
        return {
          visitor,
          path: PATHS[roll(PATHS.length)]!,
          mark: `m${marks++}`,
          entry: `of-${String(visitor)}-${roll(ENTRIES)}`,
        };
      }),
      breaksOffAfter: roll(3) === 0 ? roll(PER_CONNECTION) : undefined,
    }));
    for (let from = 0; from < connections.length; from += AT_ONCE)
      await Promise.all(
        connections.slice(from, from + AT_ONCE).map(async ({ asked, breaksOffAfter }) => {
          const answers = await exchange(asked, breaksOffAfter);
          if (breaksOffAfter === undefined) expect(answers).toHaveLength(asked.length);
          answers.forEach((answer, at) => check(asked[at]!, answer));
          answered += answers.length;
        }),
      );
    expect(answered).toBeGreaterThan(EXCHANGES / PLATFORMS.length / 2);

    for (const [key, { visitor, ...entries }] of Object.entries(await app.stored())) {
      const known = keys.indexOf(key);
      expect(visitor).toBe(known < 0 ? undefined : known);
      const owners = Object.keys(entries).map((entry) => entry.replace(/-\d+$/, ''));
      expect(owners).toEqual(owners.map(() => `of-${String(visitor)}`));
      // who has no cookie gets a session for each request
      if (known < 0) expect(owners).toHaveLength(1);
    }
  }, 300_000);
});
