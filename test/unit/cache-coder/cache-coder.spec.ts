import { CacheCoder, Decimal, type JsonValue, type Shape, Temporal } from '../../../lib/cache-coder/index.js';
import { JsonSerializer } from '../../../lib/serializer/json-serializer.js';
import { Temporal as Polyfill } from 'temporal-polyfill/implementation';

const AT = '2023-11-14T23:13:20.123456+00:00';

describe('CacheCoder', () => {
  describe('datetime', () => {
    it.each<[unknown, string]>([
      [new Date('2023-11-14T23:13:20.123Z'), '2023-11-14T23:13:20.123000+00:00'],
      [new Date('2023-11-14T23:13:20Z'), '2023-11-14T23:13:20+00:00'],
      [Temporal.Instant.from(AT), AT],
      [
        Temporal.ZonedDateTime.from('2023-11-14T18:13:20.5[America/New_York]'),
        '2023-11-14T18:13:20.500000-05:00',
      ],
      [Temporal.ZonedDateTime.from('1930-06-01T12:00[Africa/Monrovia]'), '1930-06-01T12:00:00-00:44:30'],
      [Temporal.PlainDateTime.from('2023-11-14T23:13:20.1'), '2023-11-14T23:13:20.100000'],
    ])('%s is dumped as %s', (value, text) => {
      expect(CacheCoder.dumpDatetime(value as Date)).toBe(text);
    });

    it('a naive one is dumped with the offset of the zone it is told', () => {
      const naive = Temporal.PlainDateTime.from('2023-07-01T12:00');
      expect(CacheCoder.dumpDatetime(naive, { timeZone: 'Europe/Berlin' })).toBe('2023-07-01T12:00:00+02:00');
    });

    it('a Date has the milliseconds, an Instant all digits', () => {
      expect(CacheCoder.loadDatetime(AT)).toEqual(new Date('2023-11-14T23:13:20.123Z'));
      expect(CacheCoder.loadDatetime('1969-12-31T23:59:59.999999+00:00').getTime()).toBe(-1);
      expect(CacheCoder.loadInstant(AT).epochNanoseconds).toBe(1_700_003_600_123_456_000n);
    });

    it.each([
      '2023-11-14T23:13:20Z',
      '2023-11-14 23:13:20+00:00',
      '2023-11-15T04:43:20+05:30',
      '2023-11-14T22:53:48-00:19:32',
      '2023-11-14T23:13:20.000000+00:00',
    ])('%s is the same moment', (text) => {
      expect(CacheCoder.loadDatetime(text)).toEqual(new Date('2023-11-14T23:13:20Z'));
    });

    it('a ZonedDateTime has the offset of the text, or the zone it is told', () => {
      const text = '2023-11-14T18:13:20-05:00';
      expect(CacheCoder.loadZonedDatetime(text).toString()).toBe('2023-11-14T18:13:20-05:00[-05:00]');
      const told = CacheCoder.loadZonedDatetime(text, { timeZone: 'America/New_York' });
      expect(told.toString()).toBe('2023-11-14T18:13:20-05:00[America/New_York]');
      expect(() => CacheCoder.loadZonedDatetime('1930-06-01T12:00:00-00:44:30')).toThrow(
        'an offset of whole minutes',
      );
    });

    it('naive text is refused until its zone is told', () => {
      const naive = '2023-07-01T12:00:00';
      for (const load of [CacheCoder.loadDatetime, CacheCoder.loadInstant, CacheCoder.loadZonedDatetime]) {
        expect(() => load(naive)).toThrow(TypeError);
        expect(() => load(naive)).toThrow(
          'the option timeZone to tell the zone of a naive one, not a string of 19 characters',
        );
      }
      const nowhere =
        /timeZone takes a name such as Europe\/Berlin, or an offset such as \+02:00, not "Nope"$/;
      expect(() => CacheCoder.loadDatetime(naive, { timeZone: 'Nope' })).toThrow(nowhere);
      expect(() => CacheCoder.loadZonedDatetime(`${naive}Z`, { timeZone: 'Nope' })).toThrow(nowhere);
      expect(() => CacheCoder.load({ at: naive }, { at: ['datetime', 'Nope'] })).toThrow(TypeError);
      expect(CacheCoder.loadDatetime(naive, { timeZone: 'Europe/Berlin' })).toEqual(
        new Date('2023-07-01T10:00:00Z'),
      );
      expect(CacheCoder.load({ at: naive }, { at: ['datetime', 'UTC'] })).toEqual({
        at: new Date(`${naive}Z`),
      });
      expect(CacheCoder.loadPlainDatetime(naive).toString()).toBe(naive);
      expect(() => CacheCoder.loadPlainDatetime(`${naive}+00:00`)).toThrow('a datetime without an offset');
    });

    it('a time the clock repeats or skips is taken as Python takes it', () => {
      const zone = { timeZone: 'Europe/Berlin' };
      expect(CacheCoder.loadDatetime('2023-10-29T02:30:00', zone)).toEqual(new Date('2023-10-29T00:30:00Z'));
      expect(CacheCoder.loadDatetime('2023-03-26T02:30:00', zone)).toEqual(new Date('2023-03-26T01:30:00Z'));
    });

    it('objects of either implementation are known', () => {
      expect(CacheCoder.dumpDatetime(Polyfill.Instant.from(AT))).toBe(AT);
      expect(
        CacheCoder.dump([Polyfill.PlainDate.from('2020-02-29'), Polyfill.Duration.from('PT1.5S')]),
      ).toEqual(['2020-02-29', 1.5]);
    });

    it.each<[string, () => unknown, string]>([
      ['an invalid Date', () => CacheCoder.dumpDatetime(new Date(NaN)), 'an invalid Date has no text'],
      [
        'nanoseconds',
        () => CacheCoder.dumpDatetime(Temporal.Instant.from('2020-01-01T00:00:00.000000001Z')),
        'Python has no nanoseconds',
      ],
      [
        'the year 10000',
        () => CacheCoder.dumpDatetime(new Date(Date.UTC(10000, 0))),
        'outside the years 1 to 9999',
      ],
      [
        'the year 0',
        () => CacheCoder.dumpDate(Temporal.PlainDate.from('0000-12-31')),
        'outside the years 1 to 9999',
      ],
      [
        'another calendar',
        () => CacheCoder.dumpDate(Temporal.PlainDate.from('2020-01-01').withCalendar('gregory')),
        'ISO calendar only',
      ],
      [
        'another calendar of a datetime',
        () => CacheCoder.dumpDatetime(Temporal.PlainDateTime.from('2020-01-01').withCalendar('gregory')),
        'ISO calendar only',
      ],
      [
        'a text',
        () => CacheCoder.dumpDatetime(AT as unknown as Date),
        'a Date or a Temporal date-time, not a string of 32 characters',
      ],
      [
        'months',
        () => CacheCoder.dumpTimedelta(Temporal.Duration.from('P1M')),
        'years and months have no fixed length',
      ],
      [
        'a millennium of microseconds',
        () => CacheCoder.dumpTimedelta(Temporal.Duration.from({ days: 400_000, microseconds: 1 })),
        'microseconds do not fit',
      ],
      [
        'more days than Python has',
        () => CacheCoder.dumpTimedelta(Temporal.Duration.from({ days: 1e9 })),
        '999,999,999 days',
      ],
      [
        'a number as Decimal',
        () => CacheCoder.dumpDecimal(1.5 as unknown as Decimal),
        'a Decimal of decimal.js, not a number',
      ],
      ['a text as BigInt', () => CacheCoder.dumpBigint('1' as unknown as bigint), 'a BigInt'],
      ['an array as Set', () => CacheCoder.dumpSet([] as unknown as Set<string>), 'a Set, not an array of 0'],
      [
        'an object as Map',
        () => CacheCoder.dumpMap({} as unknown as Map<string, string>),
        'a Map, not an object',
      ],
      ['a text as bytes', () => CacheCoder.dumpBytes('ff' as unknown as Buffer), 'a Buffer'],
      ['no UUID', () => CacheCoder.dumpUuid('nobody'), 'the text of a UUID'],
    ])('does not dump %s', (_, dump, message) => {
      expect(dump).toThrow(TypeError);
      expect(dump).toThrow(message);
    });
  });

  describe('garbage', () => {
    it.each<[keyof typeof CacheCoder, readonly unknown[], string]>([
      [
        'loadDatetime',
        [
          '',
          'now',
          '2023-11-14',
          '2023-02-30T00:00:00Z',
          '2023-11-14T24:00:00Z',
          '2023-11-14T23:60:00Z',
          '0000-01-01T00:00:00Z',
          '2023-11-14T23:13:20+0530',
          '2023-11-14T23:13:20+24:00',
          `${AT}[UTC]`,
          ` ${AT}`,
          5,
          null,
          {},
        ],
        'a datetime with an offset',
      ],
      [
        'loadDate',
        ['', '2023-02-29', '2023-13-01', '20231114', '2023-11-14T00:00:00', '+002023-11-14', 20231114],
        'a date such as',
      ],
      [
        'loadTime',
        ['', '24:00', '23:60:00', '23:59:60', '1:00', '12:00+01:00', '12:00:00.', 12],
        'a time without an offset',
      ],
      ['loadTimedelta', ['90', NaN, Infinity, 1e15, null, []], 'a number of seconds'],
      ['loadDecimal', ['', '0x10', '1,5', '1e', '1_000', 'sNaN', '--1', 1.5, null], 'the text of a Decimal'],
      ['loadUuid', ['', '1234', '123e4567-e89b-12d3-a456-42661417400g', 5], 'the text of a UUID'],
      ['loadBytes', ['f', 'zz', '0xff', 'a bcd e', 'ff\u00a0ff', [255]], 'bytes as hexadecimal text'],
      ['loadBigint', ['', '1.0', '1e3', '0x10', 1.5, 2 ** 53, null, true], 'an integer'],
      ['loadSet', ['abc', {}, null], 'an array'],
      ['loadMap', ['abc', [1], [[1]], [[1, 2, 3]], null], ''],
    ])('%s refuses what it cannot be', (name, raws, expected) => {
      const load = CacheCoder[name] as (raw: unknown) => unknown;
      for (const raw of [...raws, 'top secret']) {
        expect([raw, catchError(() => load(raw))]).toEqual([raw, expect.any(TypeError)]);
        expect(() => load(raw)).toThrow(expected);
        if (typeof raw === 'string')
          expect(() => load(raw)).toThrow(`not a string of ${raw.length} characters`);
        expect(() => load(raw)).not.toThrow('secret');
      }
    });

    it('names the path within a shape', () => {
      const shape = {
        users: ['list', { seen: ['nullable', 'datetime'], tags: ['map', 'uuid', 'date'] }],
      } as const;
      const wrong = (user: unknown) => () => CacheCoder.load({ users: [user] }, shape);
      expect(wrong({ seen: 'secret', tags: [] })).toThrow(
        'users[0].seen: expected a datetime with an offset',
      );
      expect(wrong({ seen: null, tags: [['x', 'y']] })).toThrow(
        'users[0].tags[0][0]: expected the text of a UUID',
      );
      expect(wrong({ seen: null })).toThrow('users[0].tags: expected a value, not undefined');
      expect(wrong([])).toThrow('users[0]: expected an object, not an array of 0');
    });

    it('an unknown hint is refused', () => {
      expect(() => CacheCoder.load('x', 'dateTime' as Shape)).toThrow(
        'has no hint of this name; it has datetime, instant',
      );
      expect(() => CacheCoder.load('x', 'constructor' as unknown as Shape)).toThrow(
        'has no hint of this name',
      );
    });

    it('a Decimal beyond the exponents decimal.js is set to hold is refused, not made infinite or zero', () => {
      expect(() => CacheCoder.loadDecimal('1e99999999999999999')).toThrow(TypeError);
      expect(() => CacheCoder.loadDecimal('1e-99999999999999999')).toThrow(TypeError);
      expect(CacheCoder.loadDecimal('0e5').isZero()).toBe(true);
    });
  });

  describe('other forms that Python reads', () => {
    it('UUIDs with braces, as URN, without hyphens, in upper case', () => {
      const uuid = '123e4567-e89b-12d3-a456-426614174000';
      for (const text of [
        uuid,
        uuid.toUpperCase(),
        `{${uuid}}`,
        `urn:uuid:${uuid}`,
        uuid.replaceAll('-', ''),
      ]) {
        expect(CacheCoder.loadUuid(text)).toBe(uuid);
        expect(CacheCoder.dumpUuid(text)).toBe(uuid);
      }
    });

    it('hexadecimal text with blanks and in upper case', () => {
      expect(CacheCoder.loadBytes(' DE AD\nbeef ')).toEqual(Buffer.from('deadbeef', 'hex'));
      expect(CacheCoder.loadBytes('ff'.repeat(8_000_000))).toHaveLength(8_000_000);
    });

    it('integers written bare, whatever their size', () => {
      const loads = (text: string): unknown => new JsonSerializer().loads(text);
      expect(CacheCoder.loadBigint(loads('42'))).toBe(42n);
      expect(CacheCoder.loadBigint(loads('-12345678901234567890'))).toBe(-12345678901234567890n);
      expect(CacheCoder.loadBigint('+7')).toBe(7n);
    });

    it('a dict as Map', () => {
      const map = CacheCoder.loadMap({ '2023-11-14': '1.5' }, 'date', 'decimal');
      expect([...map].map(String)).toEqual(['2023-11-14,1.5']);
    });

    it('a duration is exact across a change of the clock', () => {
      const day = CacheCoder.loadTimedelta(86_400);
      expect(day.toString()).toBe('PT24H');
      expect(CacheCoder.dumpTimedelta(Temporal.Duration.from({ days: 1, milliseconds: 1 }))).toBe(86_400.001);
    });

    it('the bytes of any view', () => {
      expect(CacheCoder.dumpBytes(new Uint8Array([1, 2, 3]).subarray(1))).toBe('0203');
      expect(CacheCoder.dumpBytes(new Uint16Array([258]).buffer)).toBe('0201');
      expect(CacheCoder.dumpBytes(new DataView(new ArrayBuffer(2)))).toBe('0000');
    });
  });

  describe('dump', () => {
    it('converts what it knows and leaves JSON as it is', () => {
      expect(
        CacheCoder.dump({
          at: new Date(0),
          price: new Decimal('1.50'),
          big: 5n,
          blob: Buffer.from('hi'),
          tags: new Set(['b', 'a']),
          byDay: new Map([[Temporal.PlainDate.from('2020-01-01'), [new Date(0)]]]),
          yes: true,
          no: null,
          text: 'x',
          nested: [{ n: 1.5 }],
        }),
      ).toEqual({
        at: '1970-01-01T00:00:00+00:00',
        price: '1.5',
        big: '5',
        blob: '6869',
        tags: ['b', 'a'],
        byDay: [['2020-01-01', ['1970-01-01T00:00:00+00:00']]],
        yes: true,
        no: null,
        text: 'x',
        nested: [{ n: 1.5 }],
      });
    });

    it('keeps __proto__ as data, both ways', () => {
      const value = JSON.parse('{"__proto__":{"a":1}}') as object;
      expect(JSON.stringify(CacheCoder.dump(value))).toBe('{"__proto__":{"a":1}}');
      const shape = JSON.parse('{"__proto__":["record","number"]}') as Shape;
      expect(JSON.stringify(CacheCoder.load(value, shape))).toBe('{"__proto__":{"a":1}}');
    });

    it('does not take data for a Decimal because of a key', () => {
      const data = { toStringTag: '[object Decimal]', valueOf: 'x' };
      expect(CacheCoder.dump(data)).toEqual(data);
    });

    const cycle = new Map<string, unknown>();
    cycle.set('self', [cycle]);

    it.each<[string, unknown, string]>([
      ['undefined', { a: [undefined] }, 'a[0]: undefined is not JSON'],
      ['a class instance', new Set([new (class Money {})()]), '[0]: an instance of Money is not JSON'],
      ['NaN within a Map', new Map([['k', NaN]]), '[0][1]: NaN is not JSON'],
      ['an invalid Date', { at: new Date(NaN) }, 'at: an invalid Date has no text'],
      [
        'a typed array',
        { a: new Float64Array(1) },
        'a: Float64Array is not JSON; use CacheCoder.dumpBytes()',
      ],
      ['a cycle', { cycle }, 'cycle[0][1][0]: a cycle is not JSON; it leads back to cycle'],
      ['nanoseconds', [Temporal.PlainTime.from('00:00:00.000000001')], '[0]: Python has no nanoseconds'],
      // eslint-disable-next-line no-sparse-arrays
      ['a hole', [1, , 2], '[1]: a hole is not JSON'],
      ['a symbol as key', { a: { [Symbol('s')]: 1 } }, 'a: a symbol as key is not JSON'],
    ])('refuses %s with its path', (_, value, message) => {
      expect(() => CacheCoder.dump(value)).toThrow(TypeError);
      expect(() => CacheCoder.dump(value)).toThrow(message);
    });
  });

  describe('load', () => {
    it('keeps what the shape does not name, and changes nothing in place', () => {
      const raw = Object.freeze({ at: AT, other: '2020-01-01', list: ['1'] });
      const loaded = CacheCoder.load(raw, { at: 'datetime' });
      expect(loaded).toEqual({ at: new Date('2023-11-14T23:13:20.123Z'), other: '2020-01-01', list: ['1'] });
    });

    it('has the types of its shape', () => {
      const raw = { lastSeen: AT, price: '1.5', tags: ['123e4567-e89b-12d3-a456-426614174000'], left: null };
      const loaded = CacheCoder.load(raw, {
        lastSeen: 'datetime',
        price: 'decimal',
        tags: ['set', 'uuid'],
        left: ['nullable', 'instant'],
        note: ['optional', 'string'],
      });
      const lastSeen: Date = loaded.lastSeen;
      const price: Decimal = loaded.price;
      const tags: Set<string> = loaded.tags;
      const left: Temporal.Instant | null = loaded.left;
      const note: string | undefined = loaded.note;
      expect({ lastSeen, price, tags, left, note }).toEqual({
        lastSeen: new Date('2023-11-14T23:13:20.123Z'),
        price: new Decimal('1.5'),
        tags: new Set(raw.tags),
        left: null,
        note: undefined,
      });
      // @ts-expect-error -- a Date is no text
      const text: string = loaded.lastSeen;
      // @ts-expect-error -- it may be null
      const surely: Temporal.Instant = loaded.left;
      // @ts-expect-error -- the shape names no such key
      const unknown: unknown = loaded.other;
      expect([text, surely, unknown]).toHaveLength(3);
    });

    it('has the types of nested shapes', () => {
      const list: { days: Map<Temporal.PlainDate, bigint> }[] = CacheCoder.load(
        [{ days: [['2020-01-01', '1']] }],
        ['list', { days: ['map', 'date', 'bigint'] }],
      );
      const record: Record<string, Temporal.Duration> = CacheCoder.load({ a: 1 }, ['record', 'timedelta']);
      const moment: Temporal.ZonedDateTime = CacheCoder.load('2020-01-01T00:00:00', ['zonedDatetime', 'UTC']);
      const dumped: JsonValue = CacheCoder.dump({ list, record, moment });
      expect(dumped).toEqual({
        list: [{ days: [['2020-01-01', '1']] }],
        record: { a: 1 },
        moment: '2020-01-01T00:00:00+00:00',
      });
      // @ts-expect-error -- no such hint
      expect(() => CacheCoder.load('x', 'date-time')).toThrow(TypeError);
      // @ts-expect-error -- a set needs the shape of its members
      expect(() => CacheCoder.load('x', ['set'])).toThrow(TypeError);
    });
  });
});

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
