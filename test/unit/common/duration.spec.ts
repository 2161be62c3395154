import { parseDuration } from '../../../lib/common/duration.js';

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5 hours', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['-3 days', -259_200_000],
    ['2W', 1_209_600_000],
  ])('reads %p', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    '',
    '300',
    's',
    '5 apples',
    '5m 3s',
    '5  m',
    'Infinity s',
    '1e3s',
    ' 5m',
    '5m\n',
    `${'1'.repeat(120)}s`,
    null,
    {},
  ])('takes %p for none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
