import { readFileSync } from 'node:fs';
import { CacheCoder, Decimal, type Temporal } from '../../../lib/cache-coder/index.js';
import { JsonSerializer } from '../../../lib/serializer/json-serializer.js';
import { hasPython, runPython } from '../../support/python.js';

/** A value as Python stores it, and the parts Python sees in it. */
interface Vector {
  readonly kind: string;
  readonly stored: string;
  readonly parts: unknown;
}

interface Kind<T> {
  readonly load: (raw: unknown) => T;
  /** The parts of a value, as Python lists them. */
  readonly parts: (value: T) => unknown;
}

const SCRIPT = new URL('python_values.py', import.meta.url);
const VECTORS = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vector[];
const serializer = new JsonSerializer();

function kind<T>(load: Kind<T>['load'], parts: Kind<T>['parts']): Kind<unknown> {
  return { load, parts: parts as Kind<unknown>['parts'] };
}

function byName<T>([a]: [string, T], [b]: [string, T]): number {
  return a < b ? -1 : 1;
}

const microsecondsOf = (value: Temporal.PlainTime | Temporal.PlainDateTime): number =>
  value.millisecond * 1000 + value.microsecond;

const KINDS: Readonly<Record<string, Kind<unknown>>> = {
  datetime: kind(
    (raw) => CacheCoder.loadZonedDatetime(raw),
    (value) => [String(value.epochNanoseconds / 1000n), String(value.offsetNanoseconds / 1000)],
  ),
  // An offset with seconds has no ZonedDateTime of its own, but its moment is exact.
  oldDatetime: kind(
    (raw) => CacheCoder.loadInstant(raw),
    (value) => [String(value.epochNanoseconds / 1000n), '0'],
  ),
  plainDatetime: kind(
    (raw) => CacheCoder.loadPlainDatetime(raw),
    (value) => [
      value.year,
      value.month,
      value.day,
      value.hour,
      value.minute,
      value.second,
      microsecondsOf(value),
    ],
  ),
  date: kind(
    (raw) => CacheCoder.loadDate(raw),
    (value) => [value.year, value.month, value.day],
  ),
  time: kind(
    (raw) => CacheCoder.loadTime(raw),
    (value) => [value.hour, value.minute, value.second, microsecondsOf(value)],
  ),
  timedelta: kind(
    (raw) => CacheCoder.loadTimedelta(raw),
    (value) => String(Math.round(value.total('seconds') * 1e6)),
  ),
  decimal: kind(
    (raw) => CacheCoder.loadDecimal(raw),
    (value) => value.toFixed(),
  ),
  uuid: kind(
    (raw) => CacheCoder.loadUuid(raw),
    (value) => value.replaceAll('-', ''),
  ),
  bytes: kind(
    (raw) => CacheCoder.loadBytes(raw),
    (value) => [...value],
  ),
  bigint: kind((raw) => CacheCoder.loadBigint(raw), String),
  set: kind(
    (raw) => CacheCoder.loadSet(raw, 'json'),
    (value) => [...value].sort(),
  ),
  map: kind(
    (raw) => CacheCoder.loadMap(raw, 'json', 'json'),
    (value) => [...(value as Map<string, unknown>)].sort(byName),
  ),
};

function kindOf({ kind: name, stored }: Vector): Kind<unknown> {
  const isOld = name === 'datetime' && /[+-]\d\d:\d\d:\d\d/.test(stored);
  return KINDS[isOld ? 'oldDatetime' : name]!;
}

/** What Python and JavaScript write differently of one value: a Decimal's zeros at the end, an old offset. */
function comparable(vector: Vector, parts: unknown): unknown {
  if (vector.kind === 'decimal') return new Decimal(String(parts)).toFixed();
  return kindOf(vector) === KINDS['oldDatetime'] ? (parts as string[])[0] : parts;
}

describe('CacheCoder and Python', () => {
  it('there are at least 40 vectors', () => {
    expect(VECTORS.length).toBeGreaterThanOrEqual(40);
  });

  it.each(VECTORS)('reads the $kind Python stores as $stored', (vector) => {
    const { load, parts } = kindOf(vector);
    const value = load(serializer.loads(vector.stored));
    expect(comparable(vector, parts(value))).toEqual(comparable(vector, vector.parts));
  });

  it.each(VECTORS.filter(({ kind: name }) => !['map', 'set'].includes(name)))(
    'writes the $kind $stored as Python does',
    (vector) => {
      const dumped = CacheCoder.dump(kindOf(vector).load(serializer.loads(vector.stored)));
      if (vector.kind === 'timedelta') expect(dumped).toBe(Number(vector.stored));
      else if (vector.kind === 'decimal')
        expect(new Decimal(dumped as string)).toEqual(new Decimal(JSON.parse(vector.stored) as string));
      else if (kindOf(vector) !== KINDS['oldDatetime']) expect(JSON.stringify(dumped)).toBe(vector.stored);
    },
  );

  (hasPython ? describe : describe.skip)('on the Python of this machine', () => {
    it('the vectors are what it writes', () => {
      expect(runPython(SCRIPT, ['make'])).toEqual(VECTORS);
    });

    it('it reads what CacheCoder writes of every vector', () => {
      const values = VECTORS.map((vector) => kindOf(vector).load(serializer.loads(vector.stored)));
      const stored = VECTORS.map(({ kind: name }, index) => [
        name,
        serializer.dumps(CacheCoder.dump(values[index])),
      ]);
      const read = runPython(SCRIPT, ['read'], stored) as unknown[];
      VECTORS.forEach((vector, index) => {
        expect([vector, comparable(vector, read[index])]).toEqual([vector, comparable(vector, vector.parts)]);
      });
    });
  });
});
