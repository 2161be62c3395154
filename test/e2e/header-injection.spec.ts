import { Controller, Get, Query, Res } from '@nestjs/common';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { RawConnection } from '../support/http-raw.js';

type Give = (response: ServerResponse, name: string, value: string) => void;

/** Each form in which Node takes a header. */
const FORMS: Readonly<Record<string, Give>> = {
  'writeHead(status, object)': (response, name, value) => response.writeHead(200, { [name]: value }),
  'writeHead(status, object of lists)': (response, name, value) =>
    response.writeHead(200, { [name]: ['fine', value] }),
  'writeHead(status, reason, object)': (response, name, value) =>
    response.writeHead(200, 'Fine', { [name]: value }),
  'writeHead(status, list)': (response, name, value) => response.writeHead(200, [name, value]),
  'writeHead(status, reason, list)': (response, name, value) =>
    response.writeHead(200, 'Fine', [name, value]),
  'writeHead(status, pairs)': (response, name, value) =>
    response.writeHead(200, [[name, value]] as unknown as string[]),
  'writeHead(status, undefined, object)': (response, name, value) =>
    response.writeHead(200, undefined, { [name]: value }),
  'setHeader, then writeHead(status, object)': (response, name, value) => {
    response.setHeader('X-Own', 'own');
    response.writeHead(200, { [name]: value });
  },
  'setHeader, then writeHead(status, list)': (response, name, value) => {
    response.setHeader('X-Own', 'own');
    response.writeHead(200, [name, value]);
  },
  'setHeader()': (response, name, value) => response.setHeader(name, value),
  'setHeader() of a list': (response, name, value) => response.setHeader(name, ['fine', value]),
  'appendHeader()': (response, name, value) => response.appendHeader(name, value),
  'setHeaders()': (response, name, value) => response.setHeaders(new Map([[name, value]])),
  'writeHead(status, reason)': (response, name, value) => response.writeHead(200, name + value),
  statusMessage: (response, name, value) => {
    response.statusMessage = name + value;
    response.writeHead(200);
  },
};

const INJECTED = 'Set-Cookie: injected=1';

const GIVEN: Readonly<Record<string, readonly [name: string, value: string]>> = {
  'a line end in a value': ['X-Given', `a\r\n${INJECTED}`],
  'a line feed in a value': ['X-Given', `a\n${INJECTED}`],
  'a carriage return in a value': ['X-Given', `a\r${INJECTED}`],
  'a NUL in a value': ['X-Given', `a\0${INJECTED}`],
  'letters that lose their upper bytes': ['X-Given', `a\u{10d}\u{10a}${INJECTED}`],
  'a line end in a cookie': ['Set-Cookie', `a=1\r\n${INJECTED}`],
  'a line end in Vary': ['Vary', `Accept\r\n${INJECTED}`],
  'a line end in Cache-Control': ['Cache-Control', `no-store\r\n${INJECTED}`],
  'a line end in a name': [`X-Given: a\r\n${INJECTED}\r\nX-More`, 'b'],
  'a colon in a name': ['X-Given: a', 'b'],
};

/** Gives a header, and answers with what became of it. */
const answer = (response: ServerResponse, form: string, given: string): void => {
  let outcome = 'taken';
  try {
    FORMS[form]!(response, ...GIVEN[given]!);
  } catch (error) {
    outcome = String((error as NodeJS.ErrnoException).code);
    response.statusMessage = 'OK';
  }
  response.end(`<${outcome}>`);
};

/** What the session makes of the response: it has no part in it, adds to its head, or makes it wait. */
const PARTS = ['none', 'read', 'written', 'renewed'] as const;

@Controller()
class HeadersController {
  @Get('answer') async answer(
    @Session() session: Session,
    @Query('part') part: (typeof PARTS)[number],
    @Query('form') form: string,
    @Query('given') given: string,
    @Res() response: ServerResponse & { raw?: ServerResponse },
  ): Promise<void> {
    if (part === 'read') session.get('n');
    if (part === 'written') session['n'] = 1;
    if (part === 'renewed') await session.cycleKey();
    answer(response.raw ?? response, form, given);
  }
}

const receive = async (port: number, path: string, cookie?: string): Promise<string> => {
  const connection = await RawConnection.open(port);
  connection.get(path, [
    'Connection: close',
    ...(cookie === undefined ? [] : [`Cookie: sessionid=${cookie}`]),
  ]);
  return connection.untilClosed();
};

const pathOf = (part: string, form: string, given: string): string =>
  `/answer?${new URLSearchParams({ part, form, given }).toString()}`;

describe.each(PLATFORMS)('headers that visitors may have written, on %s', (platform) => {
  const bare = createServer((request, response) => {
    // headers that stand there already change what Node makes of those that are given
    if (platform === 'express') response.setHeader('X-Powered-By', 'Express');
    const query = new URL(request.url!, 'http://test').searchParams;
    answer(response, query.get('form')!, query.get('given')!);
  });
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(platform, { controllers: [HeadersController] });
    await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    bare.close();
    await app.close();
  });

  it.each(Object.keys(FORMS))('SX17 %s inject nothing, and throw where Node itself does', async (form) => {
    const { port } = bare.address() as AddressInfo;
    for (const given of Object.keys(GIVEN)) {
      const own = /<\w+>/.exec(await receive(port, pathOf('none', form, given)))![0];
      const expected = own === '<taken>' ? /<taken>/ : /<ERR_\w+>/;
      for (const part of PARTS) {
        const session = await app.sessions.create();
        const received = await receive(app.port, pathOf(part, form, given), session.key!);
        const [head = '', body = ''] = received.split('\r\n\r\n');
        expect(head).toMatch(/^HTTP\/1\.1 200 /);
        const names = head
          .split(/[\r\n]+/)
          .slice(1)
          .map((line) => line.toLowerCase());
        expect(names.filter((line) => /^x-given|^x-more|^set-cookie: injected/.test(line))).toEqual([]);
        expect([given, part, body]).toEqual([given, part, expect.stringMatching(expected)]);
      }
    }
  });
});
