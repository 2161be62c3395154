import { runInNewContext } from 'node:vm';
import { Temporal } from 'temporal-polyfill';
import { Decimal } from 'decimal.js';
import { SerializationError } from '../../../lib/errors/serialization.error.js';
import { assertJson, JsonSerializer } from '../../../lib/serializer/json-serializer.js';

const serializer = new JsonSerializer();
const roundTrip = (value: unknown): unknown => serializer.loads(serializer.dumps(value));

const withQuotedBigInts = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)));

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('JsonSerializer', () => {
  describe('what comes back', () => {
    it.each<[string, unknown]>([
      ['a string', 'plain'],
      ['an empty string', ''],
      ['an integer', 42],
      ['a fraction', 0.1],
      ['the largest safe integer', Number.MAX_SAFE_INTEGER],
      ['the smallest number', Number.MIN_VALUE],
      ['the largest number', Number.MAX_VALUE],
      ['true', true],
      ['null', null],
      ['an empty array', []],
      ['an empty object', {}],
      ['a nested structure', { user: { tags: ['a', ['b', null]], n: { m: -1.5e-7 } }, list: [{}, []] }],
    ])('C60 %s', (_, value) => {
      expect(roundTrip(value)).toStrictEqual(value);
    });

    it('C60 compact, with raw non-ASCII, in the order of insertion', () => {
      expect(serializer.dumps({ z: [1, 'é'], a: null })).toBe('{"z":[1,"é"],"a":null}');
    });

    it.each(['\u0000\u001f\u007f', '\u2028\u2029', '"\\/', '😀', '\ud800', 'a\udfff', 'Zażółć gęślą'])(
      'C63 the characters of %j, as value and as key',
      (text) => {
        expect(roundTrip({ [text]: [text] })).toStrictEqual({ [text]: [text] });
      },
    );

    it('C64 __proto__ and constructor as keys are data and pollute nothing', () => {
      const text = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"toJSON":1}';
      const value = serializer.loads(text) as object;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
      expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toJSON']);
      expect(serializer.dumps(value)).toBe(text);
    });

    it('C65 reads the JSON of other writers: blanks and escapes', () => {
      expect(serializer.loads(' { "a" : [ 1 , 2.0 ] ,\n\t"\\u00e9" : "\\ud83d\\ude00" }\r\n')).toEqual({
        a: [1, 2],
        é: '😀',
      });
    });

    it('C66 a null-prototype object counts as plain', () => {
      const value = Object.assign(Object.create(null) as object, { a: 1 });
      expect(roundTrip([value])).toEqual([{ a: 1 }]);
    });

    it('C66 plain objects and arrays of another realm count as plain', () => {
      const value: unknown = runInNewContext('({ list: [{ a: 1 }], none: Object.create(null) })');
      expect(serializer.dumps(value)).toBe('{"list":[{"a":1}],"none":{}}');
      expect(() => serializer.dumps(runInNewContext('({ at: new Date(0) })'))).toThrow(
        'at: Date is not JSON',
      );
      expect(() => serializer.dumps(runInNewContext('class Object {}; new Object()'))).toThrow(TypeError);
    });

    it('C66 −0 comes back as 0', () => {
      expect(serializer.dumps([-0])).toBe('[0]');
    });

    it('C66 a transparent proxy and a steady getter are what they show', () => {
      const value = {
        proxy: new Proxy({ a: [1] }, {}),
        get steady() {
          return 7;
        },
      };
      expect(roundTrip(value)).toEqual({ proxy: { a: [1] }, steady: 7 });
    });

    it('C66 nests 500 levels, and refuses more with the path rather than overflow the stack', () => {
      expect(serializer.dumps(nested(500))).toHaveLength(250 * '{"a":[]}'.length + 1);
      for (const levels of [501, 20_000]) {
        expect(() => serializer.dumps(nested(levels))).toThrow(
          /^(\[0\]|a)[^:]* … [^:]*: nested deeper than 500/,
        );
      }
    });
  });

  describe('C66 what is refused, with path and fix', () => {
    class Money {
      amount = 1;
    }
    const odd = {
      array: Object.assign([1], { extra: 1 }),
      symbolArray: Object.assign([1], { [Symbol('s')]: 1 }),
    };
    const cycle: Record<string, unknown> = { name: 'x' };
    cycle['self'] = { list: [cycle] };
    const inner: unknown[] = [];
    inner.push({ inner });
    let reads = 0;

    it.each<[string, unknown, string]>([
      [
        'Date',
        { user: { lastSeen: new Date() } },
        'user.lastSeen: Date is not JSON; use CacheCoder.dumpDatetime()',
      ],
      ['invalid Date', [new Date(NaN)], '[0]: Date is not JSON; use CacheCoder.dumpDatetime()'],
      [
        'Temporal.Instant',
        { at: Temporal.Now.instant() },
        'at: Temporal.Instant is not JSON; use CacheCoder.dumpDatetime()',
      ],
      [
        'Temporal.PlainDate',
        { on: Temporal.PlainDate.from('2020-01-01') },
        'on: Temporal.PlainDate is not JSON; use CacheCoder.dumpDate()',
      ],
      [
        'Temporal.Duration',
        { for: Temporal.Duration.from('PT1S') },
        'for: Temporal.Duration is not JSON; use CacheCoder.dumpTimedelta()',
      ],
      ['Decimal', { price: new Decimal('1.1') }, 'price: Decimal is not JSON; use CacheCoder.dumpDecimal()'],
      ['Map', { a: new Map() }, 'a: Map is not JSON; use CacheCoder.dumpMap()'],
      ['Set', { a: new Set() }, 'a: Set is not JSON; use CacheCoder.dumpSet()'],
      ['WeakMap', { a: new WeakMap() }, 'a: WeakMap is not JSON'],
      ['RegExp', { a: /x/ }, 'a: RegExp is not JSON'],
      ['Error', { a: new RangeError('x') }, 'a: RangeError is not JSON'],
      ['Promise', { a: Promise.resolve(1) }, 'a: Promise is not JSON; await it first'],
      ['URL', { a: new URL('http://x') }, 'a: URL is not JSON; store its href'],
      ['Buffer', { a: Buffer.from('x') }, 'a: Buffer is not JSON; use CacheCoder.dumpBytes()'],
      ['typed array', { a: new Uint16Array(1) }, 'a: Uint16Array is not JSON; use CacheCoder.dumpBytes()'],
      ['ArrayBuffer', { a: new ArrayBuffer(1) }, 'a: ArrayBuffer is not JSON; use CacheCoder.dumpBytes()'],
      ['boxed number', { a: Object(1) as unknown }, 'a: a boxed Number is not JSON; use its valueOf()'],
      ['boxed string', { a: Object('x') as unknown }, 'a: a boxed String is not JSON; use its valueOf()'],
      ['boxed boolean', { a: Object(false) as unknown }, 'a: a boxed Boolean is not JSON; use its valueOf()'],
      ['class instance', { a: [{ b: new Money() }] }, 'a[0].b: an instance of Money is not JSON; copy'],
      [
        'array subclass',
        { a: new (class Stack extends Array {})() },
        'a: Stack, a subclass of Array, is not JSON',
      ],
      [
        'object with a prototype',
        { a: Object.create({ b: 1 }) as unknown },
        'a: an object with a prototype of its own',
      ],
      ['own toJSON', { a: { toJSON: () => 1 } }, 'a: an object with toJSON()'],
      [
        'hidden toJSON',
        { a: Object.defineProperty({}, 'toJSON', { value: () => 1 }) },
        'a: an object with toJSON()',
      ],
      [
        'toJSON of an array',
        { a: Object.defineProperty([], 'toJSON', { value: () => 1 }) },
        'a: an object with toJSON()',
      ],
      ['function', { a: () => 1 }, 'a: a function is not JSON; leave it out'],
      ['symbol', { a: Symbol('x') }, 'a: a symbol is not JSON; use a string'],
      ['symbol key', { a: { [Symbol('x')]: 1 } }, 'a: a symbol as key is not JSON; use a string'],
      ['symbol key of an array', odd.symbolArray, 'The value: a symbol as key'],
      ['undefined property', { a: { b: undefined } }, 'a.b: undefined is not JSON; leave it out or use null'],
      ['undefined element', [1, undefined], '[1]: undefined is not JSON'],
      ['undefined', undefined, 'The value: undefined is not JSON'],
      // eslint-disable-next-line no-sparse-arrays
      ['hole', { a: [1, , 3] }, 'a[1]: a hole is not JSON; fill it'],
      ['long hole', new Array(20), '[0]: a hole is not JSON; fill it'],
      ['named property of an array', { a: odd.array }, 'a.extra: a named property of an array is not JSON'],
      [
        'named property of an empty array',
        Object.assign([], { extra: 1 }),
        'extra: a named property of an array',
      ],
      ['match of a RegExp', /b/.exec('abc'), 'index: a named property of an array is not JSON'],
      ['NaN', { a: NaN }, 'a: NaN is not JSON'],
      ['Infinity', [[-Infinity]], '[0][0]: -Infinity is not JSON'],
      ['cycle', cycle, 'self.list[0]: a cycle is not JSON; it leads back to the value itself'],
      ['inner cycle', { inner }, 'inner[0].inner: a cycle is not JSON; it leads back to inner'],
      [
        'BigInt a number can hold',
        { a: 5n },
        'a: a BigInt that a number can hold would come back as a number',
      ],
      [
        'fickle getter',
        {
          get a() {
            return (reads += 1);
          },
        },
        'a: a getter that answers differently each time',
      ],
      [
        'fickle element',
        Object.defineProperty([0], 0, { get: () => ({}), enumerable: true }),
        '[0]: a getter that',
      ],
      [
        'throwing getter',
        {
          get a() {
            throw new Error('no');
          },
        },
        'a: it cannot be read',
      ],
      [
        'throwing proxy',
        {
          a: new Proxy(
            {},
            {
              ownKeys() {
                throw new Error('no');
              },
            },
          ),
        },
        'a: it cannot be read',
      ],
      ['proxy of a Date', { a: new Proxy(new Date(), {}) }, 'a: an instance of Proxy is not JSON'],
      ['odd name', { 'two words': { '': NaN } }, '["two words"][""]: NaN'],
      ['long name', { ['x'.repeat(100)]: NaN }, `["${'x'.repeat(60)}…"]: NaN`],
      ['Math', { a: Math }, 'a: a symbol as key'],
    ])('%s', (_, value, message) => {
      expect(() => serializer.dumps(value)).toThrow(TypeError);
      expect(() => serializer.dumps(value)).toThrow(message);
    });

    it('a revoked proxy', () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      expect(() => serializer.dumps({ a: proxy })).toThrow('a: it cannot be read');
    });

    it.each([Object.prototype, Array.prototype])(
      'anything, while toJSON stands on a common prototype',
      (prototype) => {
        Object.defineProperty(prototype, 'toJSON', { value: () => 'replaced', configurable: true });
        try {
          expect(() => serializer.dumps([{}, []])).toThrow(/: an object with toJSON\(\)/);
        } finally {
          delete (prototype as { toJSON?: unknown }).toJSON;
        }
      },
    );

    it('names a type in the message, never a value', () => {
      const refused = { token: Object.assign(new Money(), { secret: 'hunter2' }) };
      expect(() => serializer.dumps(refused)).toThrow(expect.not.stringContaining('hunter2') as Error);
    });
  });

  describe('C66b integers beyond ±(2^53−1)', () => {
    it.each<[string, unknown]>([
      ['9007199254740992', 9007199254740992n],
      ['-9007199254740993', -9007199254740993n],
      ['[12345678901234567890]', [12345678901234567890n]],
      ['{"a":{"__proto__":9007199254740993}}', JSON.parse('{"a":{"__proto__":0}}')],
      [
        '[1,"12345678901234567890",{"b":-98765432109876543210}]',
        [1, '12345678901234567890', { b: -98765432109876543210n }],
      ],
    ])('%s is read exactly and written back as it was', (text, expected) => {
      if (text.includes('__proto__'))
        (expected as { a: object }).a = Object.defineProperty({}, '__proto__', {
          value: 9007199254740993n,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      expect(serializer.loads(text)).toEqual(expected);
      expect(serializer.dumps(serializer.loads(text))).toBe(text);
    });

    it.each<[string, unknown]>([
      ['9007199254740991', 9007199254740991],
      ['-9007199254740991', -9007199254740991],
      ['[0.1234567890123456789]', [0.12345678901234568]],
      ['12345678901234567890.0', 12345678901234567000],
      ['1e20', 1e20],
      ['[1E+300,1e-400]', [1e300, 0]],
      [
        '{"a":": 12345678901234567890","b":"\\\\\\" ,12345678901234567890,\\\\"}',
        { a: ': 12345678901234567890', b: '\\" ,12345678901234567890,\\' },
      ],
      ['{"12345678901234567890":1}', { '12345678901234567890': 1 }],
    ])('%s stays what JSON.parse makes of it', (text, expected) => {
      expect(serializer.loads(text)).toStrictEqual(expected);
    });

    it.each(['', ' ', '\n', '\r', '\t'])('one is found wherever it stands, between %j', (blank) => {
      const texts = ['#', '{"a":#}', '{"a":1,"b":#}', '[#]', '[0,#]', '["",{"a":#}]'];
      const integers = ['9007199254740993', '-9007199254740993', '100000000000000000001'];
      for (const text of texts)
        for (const integer of integers) {
          const read = serializer.loads(text.replace('#', `${blank}${integer}${blank}`));
          const quoted: unknown = JSON.parse(text.replace('#', `"${integer}"`));
          expect(withQuotedBigInts(read)).toEqual(quoted);
        }
    });

    it('whole numbers from 2^53 on stay numbers', () => {
      for (const value of [2 ** 53, -(2 ** 53), 1e17, -123456789012345680000, 1e21]) {
        expect(roundTrip({ value })).toStrictEqual({ value });
      }
    });

    it.each([
      '1e400',
      '-1e400',
      '[1e400,1]',
      '{"a":1e400}',
      '1e400 ',
      '1e400\n',
      '1e400\r',
      '1e400\t',
      '[1e0000400]',
      '{"a":[1,2E999]}',
      `${'1'.repeat(310)}.5`,
      `[${'1'.repeat(300)}e10]`,
    ])('%s is no number of JavaScript: SerializationError', (text) => {
      expect(() => serializer.loads(text)).toThrow(SerializationError);
      expect(() => serializer.loads(text)).toThrow('beyond the range of a double');
    });

    it('foreign text may nest at will', () => {
      const text = `${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`;
      expect(Array.isArray(serializer.loads(text))).toBe(true);
    });

    it.each(['NaN', '[Infinity]', '{"a":-Infinity}'])('%s written by Python: SerializationError', (text) => {
      expect(() => serializer.loads(text)).toThrow(SerializationError);
    });
  });

  describe('what is not JSON', () => {
    it.each(['', 'secret', '{"secret":', "{'a': 1}", '\ufeff{}', '[1,]', '01', '"\n"', 'undefined'])(
      'C67 %j: SerializationError that does not quote it',
      (text) => {
        const error = catchError(() => serializer.loads(text));
        expect(error).toBeInstanceOf(SerializationError);
        expect((error as SerializationError).message).toBe(
          `The stored text of ${text.length} characters is not JSON`,
        );
        expect((error as SerializationError).cause).toBeUndefined();
      },
    );

    it('C68 a pickle: SerializationError that says so', () => {
      const pickle = Buffer.from('80049503000000000000004b2a2e', 'hex').toString();
      expect(() => serializer.loads(pickle)).toThrow(
        /characters is not JSON; it looks like a Python pickle$/,
      );
      expect(() => serializer.loads(pickle)).toThrow(SerializationError);
    });

    it('C67 no text at all: SerializationError', () => {
      expect(() => serializer.loads(null as unknown as string)).toThrow(SerializationError);
    });
  });

  describe('assertJson', () => {
    it('accepts what dumps accepts', () => {
      expect(() => assertJson({ a: [1, 12345678901234567890n] })).not.toThrow();
    });

    it('begins the path with the name it is given', () => {
      expect(() => assertJson({ items: [new Set()] }, 'cart')).toThrow('cart.items[0]: Set is not JSON');
      expect(() => assertJson(undefined, 'cart')).toThrow('cart: undefined is not JSON');
    });
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
