import { cookieValue } from '../../../lib/session/cookie-header.js';

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
});
