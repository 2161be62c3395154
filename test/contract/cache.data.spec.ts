import { inspect } from 'node:util';
import fc from 'fast-check';
import { SerializationError } from '../../lib/errors/serialization.error.js';
import type { Serializer } from '../../lib/serializer/serializer.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

const reverse = (text: string): string => Array.from(text).reverse().join('');

describeCacheOnEveryStore('Cache, data', (context) => {
  const putText = (key: string, text: string): Promise<void> =>
    context.store.set(context.redisKey(key), text, null);
  const roundTrip = async (value: unknown): Promise<void> => {
    await context.cache.set('k', value);
    expect(await context.cache.get('k')).toStrictEqual(value);
    expect((await context.cache.getMany(['k'])).get('k')).toStrictEqual(value);
  };

  it.each([
    ['strings', ['', 'text', '5', 'null', 'true', '"quoted"']],
    ['integers', [0, 1, -1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
    ['fractions', [0.1, -1.5, 1e-7, 5e-324, 1.7976931348623157e308, 1 / 3]],
    ['booleans and null', [true, false, null]],
    ['lists', [[], [1, 'a', null, true], [[[]]]]],
    ['objects', [{}, { a: 1, b: { c: [{ d: null }] } }, { '': 0, ' ': 1, 'a.b': 2 }]],
  ])('C60 %s round-trip', async (_, values) => {
    for (const value of values) await roundTrip(value);
  });

  it('C60 any JSON round-trips', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: 'binary' }), async (value) => {
        await context.cache.set('k', value);
        // −0 may come back as 0
        const zero = JSON.parse(JSON.stringify(value)) as unknown;
        expect(await context.cache.get('k')).toStrictEqual(zero);
      }),
    );
  });

  it('C62 non-ASCII keys and values', async () => {
    const texts = ['Zürich', '東京', 'Ελλάδα', 'שלום', '👩‍👩‍👧', '\u00a0', '\ufeff', '\u{10ffff}'];
    for (const text of texts) {
      await context.cache.set(text, { [text]: text });
      expect(await context.cache.get(text)).toStrictEqual({ [text]: text });
    }
    expect((await context.cache.getMany(texts)).size).toBe(texts.length);
  });

  it('C63 control characters, U+2028, quotes, backslashes, emoji and lone surrogates', async () => {
    const controls = Array.from({ length: 33 }, (_, code) => String.fromCharCode(code)).join('');
    for (const text of [
      controls,
      '\x7f\x80\x9f',
      '\u2028\u2029',
      '"\\/\'',
      '\\u0041',
      '😀',
      '\ud800',
      'a\udc00b',
    ])
      await roundTrip({ text, [text]: [text] });
  });

  it('C64 keys like __proto__ are data and pollute nothing', async () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1}';
    const value = JSON.parse(text) as object;
    await context.cache.set('k', value);
    const got = await context.cache.get<object>('k');
    expect(JSON.stringify(got)).toBe(text);
    expect(Object.keys(got!)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(await context.store.get(context.redisKey('k'))).toBe(text);
  });

  it('C65 the JSON of other writers is read', async () => {
    // in a cache with tags a blank at the end says that there are some
    const end = context.tags ? '\n' : ' ';
    await putText(
      'k',
      ` { "name" : "J\\u00fcrgen \\ud83d\\ude00" ,\n\t"list" : [ 1 , 2.50 , -0.0 , 1E3 ] }${end}`,
    );
    expect(await context.cache.get('k')).toEqual({ name: 'Jürgen 😀', list: [1, 2.5, -0, 1000] });
    await putText('k', '1.0');
    expect(await context.cache.get('k')).toBe(1);
  });

  it('C66 what JSON would lose is refused by every call that stores', async () => {
    for (const value of <unknown[]>[
      new Date(),
      new Map(),
      undefined,
      NaN,
      { a: undefined },
      [Symbol('s')],
      Buffer.from('a'),
    ]) {
      await expect(context.cache.set('k', value)).rejects.toThrow(TypeError);
      await expect(context.cache.add('k', value)).rejects.toThrow(TypeError);
      await expect(context.cache.setMany({ k: value })).rejects.toThrow(TypeError);
      await expect(context.cache.getOrSet('k', () => value)).rejects.toThrow(TypeError);
    }
    expect(await context.redisKeys()).toEqual([]);
  });

  it('C66 CN16 the error names the key, the path and the fix', async () => {
    const value = { user: { lastSeen: new Date() } };
    await expect(context.cache.set('k', value)).rejects.toThrow(
      /^cache key "k": user\.lastSeen: Date is not JSON; use CacheCoder/,
    );
  });

  it('C66b a large integer of another writer is never rounded', async () => {
    await putText('k', '{"id":9007199254740993}');
    const value = await context.cache.get('k');
    expect(value).toEqual({ id: 9007199254740993n });
    await context.cache.set('k', value);
    expect(await context.store.get(context.redisKey('k'))).toBe('{"id":9007199254740993}');
    await putText('k', '{"n":NaN}');
    await expect(context.cache.get('k')).rejects.toThrow(SerializationError);
  });

  it.each(['{"secret":', 'secret', '', '{"a":1}secret', "{'secret':1}", '\u0000secret'])(
    'C67 the corrupt %j is a SerializationError naming the key, not the text',
    async (text) => {
      await putText('the key', text);
      const error: unknown = await context.cache.get('the key', 'default').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SerializationError);
      const { message, cause } = error as SerializationError;
      expect(message).toContain('"the key"');
      expect(message).not.toContain('secret');
      expect(String(cause)).not.toContain('secret');
      await expect(context.cache.getMany(['the key'])).rejects.toThrow(SerializationError);
      expect(await context.store.get(context.redisKey('the key'))).toBe(text);
    },
  );

  it('C67 getMany reports every bad key in one error', async () => {
    await putText('bad one', '{');
    await putText('bad two', 'nan');
    await context.cache.set('good', 1);
    const error: unknown = await context.cache
      .getMany(['bad one', 'good', 'missing', 'bad two'])
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SerializationError);
    const { message, cause } = error as SerializationError;
    expect(message).toContain('"bad one"');
    expect(message).toContain('"bad two"');
    expect(message).not.toMatch(/good|missing/);
    expect((cause as AggregateError).errors).toHaveLength(2);
  });

  it('C67 a corrupt entry can be replaced and deleted', async () => {
    await putText('k', '{');
    await context.cache.set('k', 1);
    expect(await context.cache.get('k')).toBe(1);
    await putText('k', '{');
    expect(await context.cache.delete('k')).toBe(true);
  });

  describe('C70 with a serializer of its own', () => {
    const calls: string[] = [];
    const reversed: Serializer = {
      dumps: (value) => {
        calls.push('dumps');
        return reverse(JSON.stringify(value));
      },
      loads: (text) => {
        calls.push('loads');
        return JSON.parse(reverse(text)) as unknown;
      },
    };

    it('C70 every read and write goes through it', async () => {
      const cache = context.open({}, context.store, reversed);
      calls.length = 0;
      await cache.set('a', { x: 12 });
      await cache.add('b', 'ab');
      await cache.setMany({ c: [1, 2] });
      expect(await cache.getOrSet('d', () => 13)).toBe(13);
      expect(calls).toEqual(['dumps', 'dumps', 'dumps', 'dumps', 'loads']);
      expect(await context.store.get(context.redisKey('a'))).toBe('}21:"x"{');
      expect(await cache.get('a')).toEqual({ x: 12 });
      expect(await cache.getMany(['b', 'c'])).toEqual(new Map<string, unknown>([['b', 'ab'], ['c', [1, 2]]])); // prettier-ignore
      expect(calls.slice(5)).toEqual(['loads', 'loads', 'loads']);
    });

    it.each([
      ['nothing', undefined],
      ['bytes', Buffer.from('x')],
      ['a promise', Promise.resolve('x')],
    ])('C70 one that makes %s of a value is refused, and nothing is stored', async (_, made) => {
      const cache = context.open({}, context.store, { ...reversed, dumps: () => made as unknown as string });
      for (const call of [
        () => cache.set('k', 1),
        () => cache.add('k', 1),
        () => cache.setMany({ k: 1 }),
        () => cache.getOrSet('k', () => 1),
      ])
        await expect(call()).rejects.toThrow(/cache\.serializer: dumps\(\) must return a string, got/);
      expect(await context.redisKeys()).toEqual([]);
    });

    it('C70 C67 its failure to read is a SerializationError that does not repeat what it says', async () => {
      const cache = context.open({}, context.store, reversed);
      await putText('k', 'secret');
      await expect(cache.get('k')).rejects.toThrow(SerializationError);
      await expect(cache.get('k')).rejects.toThrow(/"k".*SyntaxError/);
      const error: unknown = await cache.get('k').catch((reason: unknown) => reason);
      expect(inspect(error)).not.toMatch(/secret|terces/);
      await expect(cache.getMany(['k'])).rejects.not.toHaveProperty('cause');
    });
  });
});
