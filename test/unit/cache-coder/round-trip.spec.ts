import fc from 'fast-check';
import { types } from 'node:util';
import { CacheCoder, Decimal, type Shape, Temporal } from '../../../lib/cache-coder/index.js';
import { JsonSerializer } from '../../../lib/serializer/json-serializer.js';

/** A value with the shape that tells what it is. */
interface Shaped {
  readonly value: unknown;
  readonly shape: Shape;
}

const MICROSECONDS_OF_YEAR_1_TO_9999 = { min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n };
const FIRST_DAY = Temporal.PlainDate.from('0001-01-01');
const serializer = new JsonSerializer();

const instant = fc
  .bigInt(MICROSECONDS_OF_YEAR_1_TO_9999)
  .map((microseconds) => Temporal.Instant.fromEpochNanoseconds(microseconds * 1000n));
const plainDate = fc.integer({ min: 0, max: 3_652_058 }).map((days) => FIRST_DAY.add({ days }));
const plainTime = fc
  .integer({ min: 0, max: 86_399_999_999 })
  .map((microseconds) => new Temporal.PlainTime().add({ microseconds }));
const offsetZone = fc
  .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 59 }))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'))
  .map((text) => text.replace(/^0(.):/, '$1'));

/** Far enough from both ends that no offset leads out of them. */
const innerInstant = instant.filter(
  ({ epochMilliseconds }) => epochMilliseconds > -6.2e13 && epochMilliseconds < 2.5e14,
);

const scalars: fc.Arbitrary<Shaped>[] = [
  fc
    .date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    .map((value) => ({ value, shape: 'datetime' })),
  instant.map((value) => ({ value, shape: 'instant' })),
  fc
    .tuple(innerInstant, offsetZone)
    .map(([at, zone]) => ({ value: at.toZonedDateTimeISO(zone), shape: 'zonedDatetime' })),
  innerInstant.map((at) => ({
    value: at.toZonedDateTimeISO('Europe/Amsterdam'),
    shape: ['zonedDatetime', 'Europe/Amsterdam'],
  })),
  fc
    .tuple(plainDate, plainTime)
    .map(([date, time]) => ({ value: date.toPlainDateTime(time), shape: 'plainDatetime' })),
  plainDate.map((value) => ({ value, shape: 'date' })),
  plainTime.map((value) => ({ value, shape: 'time' })),
  fc
    .integer({ min: -(2 ** 52), max: 2 ** 52 })
    .map((microseconds) => ({ value: Temporal.Duration.from({ microseconds }), shape: 'timedelta' })),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -400, max: 400 }))
    .map(([digits, exponent]) => ({ value: new Decimal(`${digits}e${exponent}`), shape: 'decimal' })),
  fc
    .constantFrom(new Decimal(NaN), new Decimal(-0), new Decimal(-Infinity))
    .map((value) => ({ value, shape: 'decimal' })),
  fc.uuid().map((value) => ({ value, shape: 'uuid' })),
  fc.uint8Array().map((bytes) => ({ value: Buffer.from(bytes), shape: 'bytes' })),
  fc.bigInt().map((value) => ({ value, shape: 'bigint' })),
  fc.string({ unit: 'binary' }).map((value) => ({ value, shape: 'string' })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ value, shape: 'number' })),
  fc.boolean().map((value) => ({ value, shape: 'boolean' })),
  fc.jsonValue().map((value) => ({ value, shape: 'json' })),
];

const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '0'));

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

const { shaped } = fc.letrec<{ shaped: Shaped }>((tie) => ({
  shaped: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    ...scalars,
    tie('shaped').map(({ value, shape }) => ({ value: [value, value], shape: ['list', shape] as const })),
    tie('shaped').map(({ value, shape }) => ({ value: new Set([value]), shape: ['set', shape] as const })),
    fc
      .tuple(tie('shaped'), tie('shaped'))
      .map(([k, v]) => ({ value: new Map([[k.value, v.value]]), shape: ['map', k.shape, v.shape] as const })),
    fc.tuple(key, tie('shaped')).map(([name, { value, shape }]) => ({
      value: objectOf([[name, value]]),
      shape: ['record', shape] as const,
    })),
    tie('shaped').map(({ shape }) => ({ value: null, shape: ['nullable', shape] as const })),
    tie('shaped').map(({ value, shape }) => ({ value, shape: ['nullable', shape] as const })),
    fc
      .uniqueArray(fc.tuple(key, tie('shaped')), { selector: ([name]) => name, maxLength: 4 })
      .map((fields) => ({
        value: objectOf(fields.map(([name, { value }]) => [name, value])),
        shape: objectOf([
          ...fields.map(([name, { shape }]) => [name, shape] as const),
          ['missing\u0000', ['optional', 'date']],
        ]) as Shape,
      })),
  ),
}));

/** Something toStrictEqual compares well: Temporal objects and decimals have no properties of their own to look at. */
function comparable(value: unknown): unknown {
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || types.isDate(value))
    return value;
  if (value instanceof Temporal.Duration) return ['Duration', value.total('microseconds')];
  if (value instanceof Decimal) return ['Decimal', value.valueOf()];
  const tag = Object.prototype.toString.call(value);
  if (tag.startsWith('[object Temporal.')) return [tag, (value as Temporal.PlainDate).toString()];
  if (value instanceof Set) return new Set([...value].map(comparable));
  if (value instanceof Map) return ['Map', ...[...value].map(comparable)];
  if (Array.isArray(value)) return value.map(comparable);
  return Object.entries(value).map(([name, item]) => [name, comparable(item)]);
}

/** What `datetime.fromisoformat` of Python 3.7 reads: no `Z`, three or six digits of a fraction. */
const ISO_OF_PYTHON_3_7 =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d{3}(\d{3})?)?([+-]\d\d:\d\d(:\d\d([.]\d{6})?)?)?$/;

describe('CacheCoder round trip', () => {
  it('load(dump(x), shape) equals x, through JSON', () => {
    fc.assert(
      fc.property(shaped, ({ value, shape }) => {
        const stored = serializer.dumps(CacheCoder.dump(value));
        const loaded: unknown = CacheCoder.load(serializer.loads(stored), shape);
        expect(comparable(loaded)).toStrictEqual(comparable(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('every datetime has a text that the strictest Python reads', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Amsterdam',
      'America/St_Johns',
      'Asia/Kolkata',
      'Africa/Monrovia',
    );
    fc.assert(
      fc.property(innerInstant, zones, (at, zone) => {
        const zoned = at.toZonedDateTimeISO(zone);
        const text = CacheCoder.dumpDatetime(zoned);
        expect(text).toMatch(ISO_OF_PYTHON_3_7);
        expect(CacheCoder.dumpDatetime(at)).toMatch(ISO_OF_PYTHON_3_7);
        expect(CacheCoder.loadInstant(text).equals(at)).toBe(true);
        expect(CacheCoder.loadZonedDatetime(text, { timeZone: zone }).equals(zoned)).toBe(true);
      }),
    );
  });

  it('loads or refuses whatever JSON there is, and never with another error than a TypeError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), shaped, (raw, { shape }) => {
        try {
          CacheCoder.load(raw, shape);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
