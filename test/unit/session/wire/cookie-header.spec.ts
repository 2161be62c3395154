import { parseCookie } from 'cookie';
import fc from 'fast-check';
import { cookieValue } from '../../../../lib/session/wire/cookie-header.js';

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
    expect(cookieValue(header, 'sid')).toBe(value);
  });

  it('M30 of several with the name the last one counts', () => {
    expect(cookieValue('sid=first; a=1; sid=last', 'sid')).toBe('last');
    expect(cookieValue('sid=first; sid=', 'sid')).toBe('');
  });

  it('M30 reads every spelling as a parser of the last cookie with that name does', () => {
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
    const reference = (text: string): string | undefined =>
      text
        .split(';')
        .map((cookie) => parseCookie(cookie)['sid'])
        .findLast((value) => value !== undefined);
    fc.assert(
      fc.property(header, (text) => expect(cookieValue(text, 'sid')).toBe(reference(text))),
      { numRuns: 2000 },
    );
  });
});
