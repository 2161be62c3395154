import fc from 'fast-check';
import { cacheKey } from 'nestjs-codex-redis';
import { keyOf } from '../../../lib/cache/cache-key.js';

describe('The key of parts', () => {
  it('DE1 is readable where the parts are words and numbers', () => {
    expect(cacheKey('product', 42, 'en-GB')).toBe('product:42:en-GB');
    expect(cacheKey('a:b', '42', 'null', null, true, '')).toBe('"a:b":"42":"null":null:true:""');
    expect(cacheKey({ b: [1], a: { d: 1, c: 2 } })).toBe('{"a":{"c":2,"d":1},"b":[1]}');
    expect([keyOf('a:b'), keyOf(7), keyOf(7n), keyOf(['a', 7])]).toEqual(['a:b', '7', '7', 'a:7']);
  });

  it('DE1 differs for any two lists that differ', () => {
    const part = fc.oneof(
      fc.constantFrom<unknown>(
        'a',
        'b',
        'a:b',
        ':',
        '"',
        '',
        '1',
        1,
        '-1',
        -1,
        'true',
        true,
        null,
        'null',
        '1e5',
        1e5,
      ),
      fc.constantFrom<unknown>('\ud800', '\\ud800', 2n ** 70n, String(2n ** 70n), 2 ** 70),
      fc.string({ unit: 'binary' }),
      fc.jsonValue(),
    );
    const parts = fc.array(part, { minLength: 1, maxLength: 4 });
    const seen = new Map<string, unknown>();
    fc.assert(
      fc.property(parts, (list) => {
        const key = cacheKey(...list);
        if (seen.has(key)) expect(list.map(withoutMinus)).toEqual(seen.get(key));
        seen.set(key, list.map(withoutMinus));
      }),
      { numRuns: 5000 },
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /key\[1\]: undefined is not JSON/],
    ['a Date', new Date(), /key\[1\]: Date is not JSON/],
    ['a nested Map', { of: new Map() }, /key\[1\]\.of: Map is not JSON/],
    ['a function', () => 1, /key\[1\]: a function is not JSON/],
    ['NaN', NaN, /key\[1\]: NaN is not JSON/],
  ])('DE1 refuses %s', (_, part, message) => {
    expect(() => cacheKey('x', part)).toThrow(TypeError);
    expect(() => cacheKey('x', part)).toThrow(message);
  });

  it('DE1 refuses no parts, and anything but a key', () => {
    expect(() => cacheKey()).toThrow(/at least one part/);
    for (const none of [undefined, null, {}, true]) expect(() => keyOf(none)).toThrow(/list of parts/);
  });
});

/** −0 is written as 0, as everywhere in JSON. */
const withoutMinus = (value: unknown): unknown => JSON.parse(JSON.stringify(value, bigintAsText)) as unknown;
const bigintAsText = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value;
