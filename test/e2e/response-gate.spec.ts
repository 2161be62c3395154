import { setTimeout as pause } from 'node:timers/promises';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { RawConnection } from '../support/http-raw.js';
import { KINDS, ResponsesController } from '../support/http-responses.js';
import { CommitSwitch } from '../support/http-store.js';

/** Long enough for a byte that leaves too early to arrive. */
const MOMENT = 10;

describe.each(PLATFORMS)('what leaves a response on %s', (platform) => {
  let app: TestApp;
  const commits = new CommitSwitch();

  beforeAll(async () => {
    app = await startApp(platform, { controllers: [ResponsesController], wrapStore: commits.wrap });
  });

  afterEach(() => {
    commits.fail(undefined);
    commits.release();
  });

  afterAll(() => app.close());

  describe.each(KINDS)('$path', ({ path, method = 'GET', status, body, lines = [], end }) => {
    /** The response that ends the exchange; 1xx ones may come before. */
    const final = (received: string): string => received.replace(/^HTTP\/1.1 1\d\d [\s\S]*?\r\n\r\n/, '');

    const sendHeld = async (failing = false): Promise<{ early: string; all: string }> => {
      commits.hold();
      const connection = await RawConnection.open(app.port);
      connection.get(path, ['Connection: close', 'Content-Length: 0'], method);
      await commits.untilBegun();
      await pause(MOMENT);
      const early = final(connection.received);
      commits.release();
      // server-sent events ask for a connection that stays open
      if (end === undefined || failing) await connection.untilClosed();
      else await connection.until(end);
      connection.destroy();
      return { early, all: final(connection.received) };
    };

    it('H2 nothing leaves before the session is committed', async () => {
      const { early, all } = await sendHeld();
      expect(early).toBe('');
      expect(all).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      const key = /^set-cookie: sessionid=([a-z0-9]{32});/im.exec(all)?.[1];
      expect(await app.stored()).toHaveProperty([key!]);
      expect(all.match(/^set-cookie: sessionid=/gim)).toHaveLength(1);
      for (const line of lines) expect(all).toMatch(line);
      if (body !== undefined) expect(all.split('\r\n\r\n').slice(1).join('\r\n\r\n').trimEnd()).toMatch(body);
    });

    it('H3 a commit that fails gives an error, never the success', async () => {
      commits.fail(new RedisConnectionError());
      const before = await app.stored();
      const { early, all } = await sendHeld(true);
      expect(early).toBe('');
      expect(all).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
      expect(all).not.toMatch(/success|set-cookie: sessionid|location:/i);
      if (method !== 'HEAD')
        expect(all).toMatch(
          /\{"statusCode":503,"message":"Service Unavailable","code":"CODEX_REDIS_CONNECTION"\}\s*$/,
        );
      expect(await app.stored()).toEqual(before);
    });
  });
});
