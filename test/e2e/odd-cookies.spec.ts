import { Controller, Get } from '@nestjs/common';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { COOKIE, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { wholeAnswers } from '../support/http-answers.js';
import { RawConnection } from '../support/http-raw.js';

@Controller()
class HomeController {
  @Get('home') home(@Session() session: Session): string {
    return `n=${String(session['n'])}`;
  }
}

/** What a client may send: `{key}` is the key of a session, `{odd}` what is none. */
const FOUND: Readonly<Record<string, readonly string[]>> = {
  plain: ['Cookie: sessionid={key}'],
  'without a blank': ['Cookie:sessionid={key}'],
  'with blanks around': ['Cookie:   sessionid={key}   '],
  'with blanks around the equals sign': ['Cookie: sessionid = {key} '],
  'a name of any case': ['cOOKIE: sessionid={key}'],
  'percent-encoded': ['Cookie: sessionid=%{hex}{rest}'],
  'among others': ['Cookie: a=1; sessionid={key}; b=2'],
  'without blanks among others': ['Cookie: a=1;sessionid={key};b=2'],
  'after semicolons alone': ['Cookie: ;;; ;sessionid={key};;'],
  'after nameless values': ['Cookie: =x; y; =; sessionid={key}'],
  'beside names that end alike': ['Cookie: xsessionid={odd}; sessionid={key}; __Host-sessionid={odd}'],
  'beside names that begin alike': ['Cookie: sessionid2={odd}; sessionid={key}; sessionid-x={odd}'],
  'beside another case of the name': ['Cookie: SESSIONID={odd}; sessionid={key}; SessionId={odd}'],
  'beside a value that looks like it': ['Cookie: a="sessionid={odd}"; sessionid={key}'],
  'beside a broken percent sign': ['Cookie: a=%; b=%E0%A4%A; sessionid={key}'],
  'beside names of Object': ['Cookie: __proto__=1; constructor=2; sessionid={key}; hasOwnProperty=3'],
  'beside letters beyond ASCII': ['Cookie: a=\xff\xfe; sessionid={key}; b=\xe9'],
  'twice the same': ['Cookie: sessionid={key}; sessionid={key}'],
  'after one that is malformed': ['Cookie: sessionid={odd}; sessionid={key}'],
  'before one that is malformed': ['Cookie: sessionid={key}; sessionid={odd}'],
  'before an empty one': ['Cookie: sessionid={key}; sessionid='],
  'before one of another visitor that is gone': ['Cookie: sessionid={key}; sessionid={gone}'],
  'in the second of two headers': ['Cookie: a=1', 'Cookie: sessionid={key}'],
  'in the first of two headers': ['Cookie: sessionid={key}', 'Cookie: a=1'],
  'in each of two headers': ['Cookie: sessionid={odd}', 'Cookie: sessionid={key}'],
  'after 15,000 characters': [`Cookie: ${'a=1; '.repeat(3000)}sessionid={key}`],
};

const NOT_FOUND: Readonly<Record<string, readonly string[]>> = {
  'no cookie': [],
  'an empty header': ['Cookie:'],
  'a name alone': ['Cookie: sessionid'],
  'an empty value': ['Cookie: sessionid='],
  'empty quotes': ['Cookie: sessionid=""'],
  // to browsers they are part of the value
  'in quotes': ['Cookie: sessionid="{key}"'],
  'one quote': ['Cookie: sessionid="{key}'],
  'another case': ['Cookie: SESSIONID={key}'],
  'a key in capitals': ['Cookie: sessionid={KEY}'],
  'a key with more behind': ['Cookie: sessionid={key}x'],
  'a key with less': ['Cookie: sessionid={key-1}'],
  'a key and a tab': ['Cookie: sessionid={key}\tx'],
  'a key and a comma': ['Cookie: sessionid={key},x'],
  'a key and an encoded line end': ['Cookie: sessionid={key}%0d%0a'],
  'a key and an encoded NUL': ['Cookie: sessionid={key}%00'],
  'two keys in one': ['Cookie: sessionid={key}{key}'],
  'a path': ['Cookie: sessionid=../{key}'],
  'a glob': ['Cookie: sessionid=********************************'],
  'its Redis key': ['Cookie: sessionid={project}:session:{key}'],
  'JSON as cookie-parser reads it': ['Cookie: sessionid=j:{"a":1}'],
  'a number': ['Cookie: sessionid=0'],
  'the word null': ['Cookie: sessionid=null'],
  'five malformed ones': [`Cookie: ${'sessionid={odd}; '.repeat(5)}`],
  'letters beyond ASCII': [`Cookie: sessionid=${'\xe9'.repeat(32)}`],
  'wide letters': [`Cookie: sessionid=${'%EF%BD%81'.repeat(32)}`],
  'in another header': ['X-Cookie: sessionid={key}', 'Cookie2: sessionid={key}'],
  'in quotes of another': ['Cookie: a="; sessionid2={key}"'],
};

describe.each(PLATFORMS)('odd Cookie headers on %s', (platform) => {
  let app: TestApp;
  let key: string;
  let gone: string;

  beforeAll(async () => {
    app = await startApp(platform, { controllers: [HomeController] });
    const session = await app.sessions.create();
    session.set('n', 7);
    await session.save();
    key = session.key!;
    gone = 'g'.repeat(32);
  });

  afterAll(() => app.close());

  const ask = async (lines: readonly string[]): Promise<readonly [status: number, body: string]> => {
    const connection = await RawConnection.open(app.port);
    const filled = lines.map((line) =>
      line
        .replaceAll('{key-1}', key.slice(1))
        .replaceAll('{KEY}', key.toUpperCase())
        .replaceAll('{hex}', key.charCodeAt(0).toString(16))
        .replaceAll('{rest}', key.slice(1))
        .replaceAll('{project}', app.storeKey('').split(':')[0]!)
        .replaceAll('{gone}', gone)
        .replaceAll('{odd}', 'no-key')
        .replaceAll('{key}', key),
    );
    connection.get('/home', [...filled, 'Connection: close']);
    const [answer] = wholeAnswers(await connection.untilClosed());
    return [answer!.status, answer!.body];
  };

  it.each(Object.entries(FOUND))('finds the session: %s', async (_, lines) => {
    expect(await ask(lines)).toEqual([200, 'n=7']);
  });

  it.each(Object.entries(NOT_FOUND))('finds none: %s', async (_, lines) => {
    expect(await ask(lines)).toEqual([200, 'n=undefined']);
  });

  it('stores nothing of any of them', async () => {
    expect(COOKIE).toBe('sessionid');
    expect(Object.keys(await app.stored())).toEqual([key]);
  });
});
