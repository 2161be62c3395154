import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { toAscii } from '../../../lib/serializer/ascii-json.js';
import { JsonSerializer } from '../../../lib/serializer/json-serializer.js';

const serializer = new JsonSerializer();
const PATH_AND_CURE = /^.+: .+(; |use |or )./su;

/** −0 may come back as 0, and a null prototype as an ordinary one; else everything must be the same. */
function normalise(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(normalise);
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const key of Object.keys(value)) {
    const item = normalise((value as Record<string, unknown>)[key]);
    Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function holdsLaw(value: unknown): boolean {
  let text: string;
  try {
    text = serializer.dumps(value);
  } catch (error) {
    return error instanceof TypeError && PATH_AND_CURE.test(error.message);
  }
  const again = serializer.loads(text);
  return (
    isDeepStrictEqual(again, normalise(value)) &&
    serializer.dumps(again) === text &&
    JSON.parse(toAscii(text)) !== undefined
  );
}

class Custom {
  constructor(readonly inner: unknown) {}
}

/** Values of JavaScript that are not JSON, each around or beside an inner one. */
function exotic(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      NaN,
      Infinity,
      Symbol('s'),
      () => 1,
      /x/,
      new Error('e'),
      new URL('a:b'),
    ),
    fc.date({ noInvalidDate: false }),
    fc.bigInt(),
    fc.uint8Array(),
    inner.map((value) => new Map([[value, value]])),
    inner.map((value) => new Set([value])),
    inner.map((value) => new Custom(value)),
    inner.map((value) => new Proxy({ value }, {})),
    inner.map((value) => new Proxy([value], {})),
    inner.map((value) => Object.assign([value], { extra: value })),
    inner.map((value) => Object.assign([], { extra: value })),
    inner.map((value) => Object.assign([value], { [Symbol('s')]: value })),
    inner.map((value) => ({ [Symbol('s')]: value })),
    inner.map((value) => Object.defineProperty({ value }, 'toJSON', { value: () => value })),
    inner.map((value) => Object.defineProperty({}, 'steady', { get: () => value, enumerable: true })),
    inner.map((value) => {
      let reads = 0;
      const answer = (): unknown => ((reads += 1) % 2 === 0 ? value : { reads });
      return Object.defineProperty({}, 'fickle', { get: answer, enumerable: true });
    }),
    inner.map((value) => Object.create({ value }) as unknown),
    inner.map((value) => Object(value) as unknown),
    inner.map((value) => {
      const cycle: unknown[] = [value];
      cycle.push({ cycle });
      return cycle;
    }),
  );
}

describe('C66 the law of JsonSerializer', () => {
  it('holds for whatever fast-check makes of JavaScript', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      stringUnit: 'binary',
    });
    fc.assert(fc.property(anything, holdsLaw), { numRuns: 3000 });
  });

  it('holds for exotic values within JSON', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.jsonValue(),
        fc.double({ noNaN: true }),
        tie('exotic'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON')),
          tie('value'),
          { maxKeys: 4 },
        ),
      ),
      exotic: exotic(tie('value')),
    }));
    fc.assert(fc.property(value, holdsLaw), { numRuns: 3000 });
  });

  it('never refuses JSON', () => {
    const json = fc.jsonValue({ stringUnit: 'binary' });
    fc.assert(
      fc.property(json, (value) =>
        isDeepStrictEqual(serializer.loads(serializer.dumps(value)), normalise(value)),
      ),
      { numRuns: 1000 },
    );
  });

  it('C66b reads every integer exactly, no matter which program wrote it', () => {
    const integers = fc.array(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }));
    fc.assert(
      fc.property(integers, fc.constantFrom(',', ', ', ' ,\n'), (values, separator) => {
        const loaded = serializer.loads(`[${values.join(separator)}]`) as (number | bigint)[];
        return isDeepStrictEqual(loaded.map(BigInt), values);
      }),
    );
  });
});
