import { parseCookie } from 'cookie';
import fc from 'fast-check';
import { cookieValues } from '../../../../lib/session/wire/cookie-header.js';

describe('A cookie in a header', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['a=1', undefined],
    ['sid=x', 'x'],
    ['sid=', ''],
    ['a=1; sid=x', 'x'],
    ['a=1;sid=x;b=2', 'x'],
    ['sid=x; ', 'x'],
    ['sid=a%20b', 'a b'],
    ['sid=%', '%'],
    ['sid=a=b', 'a=b'],
    ['asid=x', undefined],
    ['sidx=x', undefined],
    ['sid', undefined],
    ['a=sid', undefined],
    [';;=; sid=x;=;', 'x'],
  ])('%j → %j', (header, value) => {
    expect(cookieValues(header, 'sid')).toEqual(value === undefined ? [] : [value]);
  });

  it('SE19 of several with the name the last one comes first', () => {
    expect(cookieValues('sid=first; a=1; sid=; xsid=; sid = last', 'sid')).toEqual(['last', '', 'first']);
  });

  it('SE19 reads every spelling as a parser of each cookie does', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'sid',
        'sid=',
        'sid =',
        ' sid=',
        'asid=',
        '__Host-sid=',
        ';',
        '; ',
        ' ',
        '"',
        '%20',
        '%',
        '=',
      ),
      fc.stringMatching(/^[a-z0-9]{0,4}$/),
    );
    const header = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
    const reference = (text: string): string[] =>
      text
        .split(';')
        .map((cookie) => parseCookie(cookie)['sid'])
        .filter((value) => value !== undefined)
        .reverse();
    fc.assert(
      fc.property(header, (text) => expect(cookieValues(text, 'sid')).toEqual(reference(text))),
      { numRuns: 2000 },
    );
  });
});
