import { BadRequestException, Body, Controller, Get, Post } from '@nestjs/common';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { roundsOf } from '../support/long-run.js';

/** On both platforms together. */
const CONNECTIONS = roundsOf(20_000, 1000);
const AT_ONCE = 50;

@Controller()
class HomeController {
  @Get('read') read(@Session() session: Session): string {
    return `n is ${String(session['n'])}`;
  }

  @Post('write') write(@Session() session: Session, @Body() body: object | undefined): string {
    // Express goes on without the body of a request that was broken off
    if (body === undefined) throw new BadRequestException();
    session['n'] = body;
    return 'written';
  }
}

interface Misdeed {
  /** What is sent; `{cookie}` is a valid one. */
  readonly sends: string;
  /** How the client goes on: it waits for the server to answer or close, or leaves. */
  readonly then: 'waits' | 'leaves' | 'resets' | 'half closes';
}

const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;
const READ = head('GET /read HTTP/1.1', 'Host: test', 'Cookie: sessionid={cookie}');
const WRITE = head(
  'POST /write HTTP/1.1',
  'Host: test',
  'Cookie: sessionid={cookie}',
  'Content-Type: application/json',
);
const END = '\r\n';

const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  'says nothing and leaves': { sends: '', then: 'leaves' },
  'says nothing and resets': { sends: '', then: 'resets' },
  'half a request line': { sends: 'GET /re', then: 'leaves' },
  'half a head': { sends: READ, then: 'leaves' },
  'half a head, reset': { sends: READ, then: 'resets' },
  'half a cookie': { sends: 'GET /read HTTP/1.1\r\nHost: test\r\nCookie: sessionid=abc', then: 'leaves' },
  'leaves before the answer': { sends: READ + END, then: 'leaves' },
  'resets before the answer': { sends: READ + END, then: 'resets' },
  'half closes before the answer': { sends: `${READ}Connection: close\r\n${END}`, then: 'half closes' },
  'a body that never ends': { sends: `${WRITE}Content-Length: 1000\r\n${END}{"a":`, then: 'leaves' },
  'a body that never ends, reset': { sends: `${WRITE}Content-Length: 1000\r\n${END}{"a":`, then: 'resets' },
  'a body that is not JSON': {
    sends: `${WRITE}Connection: close\r\nContent-Length: 5\r\n${END}{"a":`,
    then: 'waits',
  },
  'a chunk of no size': { sends: `${WRITE}Transfer-Encoding: chunked\r\n${END}zz\r\n`, then: 'waits' },
  'two lengths': { sends: `${WRITE}Content-Length: 1\r\nContent-Length: 2\r\n${END}x`, then: 'waits' },
  'a length and chunks': {
    sends: `${WRITE}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n${END}0\r\n\r\n`,
    then: 'waits',
  },
  'a negative length': { sends: `${WRITE}Content-Length: -1\r\n${END}`, then: 'waits' },
  'no HTTP': { sends: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', then: 'waits' },
  'an unknown method': { sends: READ.replace('GET', 'GRAB') + END, then: 'waits' },
  'an unknown version': { sends: READ.replace('HTTP/1.1', 'HTTP/7.7') + END, then: 'waits' },
  'a control character in a cookie': { sends: READ.replace('{cookie}', 'a\x01b') + END, then: 'waits' },
  'a head without end': { sends: `${READ}X-Long: ${'x'.repeat(20_000)}`, then: 'waits' },
  'a thousand cookies': {
    sends: `${READ.trimEnd()}${'; sessionid=a'.repeat(1000)}\r\nConnection: close\r\n${END}`,
    then: 'waits',
  },
  'rubbish after a request': { sends: `${READ}${END}rubbish\r\n\r\n`, then: 'waits' },
  'an upgrade to nowhere': {
    sends: `${READ}Connection: Upgrade\r\nUpgrade: websocket\r\n${END}`,
    then: 'leaves',
  },
  'asks whether to go on, and does not': {
    sends: `${WRITE}Expect: 100-continue\r\nContent-Length: 9\r\n${END}`,
    then: 'leaves',
  },
};

const misbehave = async (port: number, { sends, then }: Misdeed, cookie: string): Promise<void> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  socket.write(sends.replaceAll('{cookie}', cookie), 'latin1');
  if (then === 'half closes') socket.end();
  if (then === 'waits' || then === 'half closes') await untilEnded(socket);
  else await turn();
  if (then === 'resets') socket.resetAndDestroy();
  else socket.destroy();
  await closed;
};

const untilEnded = async (socket: Socket): Promise<void> => {
  socket.resume();
  await Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => undefined);
};

describe.each(PLATFORMS)('misbehaving connections on %s', (platform) => {
  let app: TestApp;
  let cookie: string;

  beforeAll(async () => {
    app = await startApp(platform, { controllers: [HomeController] });
    const session = await app.sessions.create();
    session.set('n', 7);
    await session.save();
    cookie = session.key!;
  });

  afterAll(() => app.close());

  it('cost others nothing, and leave nothing behind', async () => {
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    process.on('unhandledRejection', note).on('uncaughtException', note);
    const misdeeds = Object.values(MISDEEDS);
    const count = CONNECTIONS / PLATFORMS.length;
    for (let from = 0; from < count; from += AT_ONCE) {
      const bad = Array.from({ length: AT_ONCE }, (_, at) =>
        misbehave(app.port, misdeeds[(from + at) % misdeeds.length]!, cookie),
      );
      const good = await app.send('/read', { cookie });
      expect([good.status, good.body]).toEqual([200, 'n is 7']);
      await Promise.all(bad);
    }
    process.off('unhandledRejection', note).off('uncaughtException', note);
    expect(failures).toEqual([]);

    const server = app.app.getHttpServer() as Server;
    const open = (): Promise<number> =>
      new Promise((resolve, reject) =>
        server.getConnections((error, connections) => (error ? reject(error) : resolve(connections))),
      );
    while ((await open()) > 0) await turn();
    expect(await app.stored()).toEqual({ [cookie]: { n: 7 } });
    expect((await app.send('/read', { cookie })).body).toBe('n is 7');
  }, 600_000);
});
