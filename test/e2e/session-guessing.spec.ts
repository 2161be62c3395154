import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Controller, Get, Logger } from '@nestjs/common';
import { RedisServiceError, RedisUnavailableError } from '../../lib/errors/redis.errors.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import type { SessionEvent } from '../../lib/session/stored/session-events.js';
import { newSessionKey } from '../../lib/session/wire/session-key.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { CommitSwitch } from '../support/http-store.js';

@Controller()
class Visits {
  @Get('read')
  read(@Session() session: Session): number {
    return session.getExpiryAge();
  }

  @Get('write')
  write(@Session() session: Session): string {
    session.set('a', 1);
    return 'ok';
  }
}

describe.each(PLATFORMS)('what visitors send, on %s', (platform) => {
  const clock = new TestClock();
  const commits = new CommitSwitch();
  let app: TestApp;
  let warnings: string[];
  let readFailure: Error | undefined;

  beforeAll(async () => {
    app = await startApp(platform, {
      controllers: [Visits],
      clock,
      session: { maxBytes: 400 },
      wrapStore: (store) => {
        const get = store.get.bind(store);
        store.get = async (key) => {
          if (readFailure !== undefined) throw readFailure;
          return get(key);
        };
        return commits.wrap(store);
      },
    });
  });
  afterAll(() => app.close());

  beforeEach(() => {
    warnings = [];
    readFailure = undefined;
    commits.fail(undefined);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
      warnings.push(String(message));
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const send = (path: string, cookie: string) =>
    app.send(path, { headers: { cookie: `${COOKIE}=${cookie}` } });

  it('SX15 tells listeners of keys that are malformed, unknown and expired', async () => {
    const seen: SessionEvent[] = [];
    const ends = (['rejected', 'expired'] as const).map((name) =>
      app.sessions.events.on(name, (event) => seen.push(event)),
    );
    const names = (): string[] => seen.splice(0).map(({ name }) => name);
    await send('/read', 'guess');
    expect(JSON.stringify(seen)).not.toContain('guess');
    expect(names()).toEqual(['session.rejected']);
    await send('/read', newSessionKey());
    expect(names()).toEqual(['session.rejected']);
    // beside one that is a key, what is none is ignored
    await app.send('/read', { headers: { cookie: `${COOKIE}=guess; ${COOKIE}=${newSessionKey()}` } });
    expect(names()).toEqual(['session.rejected']);
    const key = newSessionKey();
    const past = new Date(clock.now() - 1000).toISOString().replace('Z', '+00:00');
    await app.store.set(app.storeKey(key), app.sessions.encode({ _session_expiry: past }), 60_000);
    await send('/read', key);
    expect(names()).toEqual(['session.expired']);
    for (const end of ends) end();
  });

  it.each([
    ['unreadable', () => 'what is this', /treated as empty/],
    [
      'too large',
      () => app.sessions.encode({ a: randomBytes(600).toString('base64') }),
      /larger than session\.maxBytes/,
    ],
    [
      'with a wrong expiry',
      () => app.sessions.encode({ _session_expiry: 'never' }),
      /_session_expiry cannot be read/,
    ],
  ])('SX15 warns once a minute of sessions %s, with a count', async (_, textOf, warning) => {
    clock.advance(60_000);
    const keys = Array.from({ length: 30 }, newSessionKey);
    for (const key of keys) {
      await app.store.set(app.storeKey(key), textOf(), 600_000);
      await send('/read', key);
    }
    expect(warnings).toEqual([expect.stringMatching(warning)]);
    clock.advance(60_000);
    await send('/read', keys[0]!);
    expect(warnings.slice(1)).toEqual([expect.stringMatching(/\(\d+ more since the last such warning\)$/)]);
  });

  it.each([new RedisServiceError('WRONGTYPE'), new RedisUnavailableError('NOREPLICAS')])(
    'SX16 names no reply of Redis to a client: $replyCode',
    async (failure) => {
      jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const { key } = await app.sessions.create();
      readFailure = failure;
      const answers = [await send('/read', key!)];
      readFailure = undefined;
      commits.fail(failure);
      answers.push(await send('/write', key!), await app.send('/write'));
      for (const answer of answers) {
        expect(answer.status).toBe(503);
        expect(JSON.stringify(answer)).not.toMatch(/WRONGTYPE|NOREPLICAS|refused the command/);
      }
    },
  );
});
