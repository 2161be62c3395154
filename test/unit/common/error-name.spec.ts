import { errorName, labelName } from '../../../lib/common/error-name.js';

describe('labelName', () => {
  const long = 'a'.repeat(99);

  it.each([
    ['a short name', 'book', 'book'],
    ['a long name', `${long}bcd`, `${long}b`],
    ['a name whose hundredth character has two code units', `${long}😀`, `${long}😀`],
    ['a name of such characters only', '😀'.repeat(150), '😀'.repeat(100)],
    ['a name that breaks off within a character', 'a\ud83d', 'a\ufffd'],
    [
      'a name with half a character, and more than is kept',
      `\ude00${'😀'.repeat(150)}`,
      `\ufffd${'😀'.repeat(99)}`,
    ],
  ])('of %s is well-formed and has at most a hundred characters', (_, name, expected) => {
    expect(labelName(name)).toBe(expected);
  });
});

describe('errorName', () => {
  const error = (name: unknown): Error => Object.assign(new Error('x'), { name });
  const thrower = (): never => {
    throw new Error('not to be read');
  };

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('x'), 'TypeError'],
    ['text', 'text', 'string'],
    ['null', null, 'object'],
    ['an error without a name', error(''), 'Error'],
    ['an error whose name is no text', error(5), 'Error'],
    ['an error whose name ends in half a character', error('Broken\ud83d'), 'Broken\ufffd'],
    [
      'an error whose name cannot be read',
      Object.defineProperty(new Error('x'), 'name', { get: thrower }),
      'Error',
    ],
    ['a proxy that hides its prototype', new Proxy(new Error('x'), { getPrototypeOf: thrower }), 'Error'],
  ])('of %s', (_, thrown, name) => {
    expect(errorName(thrown)).toBe(name);
  });
});
