import type { JsonPlace } from '../serializer/json-path.js';
import { loadDate, loadTime } from './date-and-time.js';
import { loadDatetime, loadInstant, loadPlainDatetime, loadZonedDatetime } from './datetime.js';
import { loadDecimal } from './decimal.js';
import { unexpected } from './expected.js';
import { loadBigint, loadBytes, loadUuid } from './scalars.js';
import type { Hints, Shape } from './shape.js';
import { loadTimedelta } from './timedelta.js';

type Loader<T> = (raw: unknown, place: JsonPlace | undefined, timeZone?: string) => T;

const LOADERS: { readonly [H in keyof Hints]: Loader<Hints[H]> } = {
  datetime: (raw, place, timeZone) => loadDatetime(raw, { timeZone }, place),
  instant: (raw, place, timeZone) => loadInstant(raw, { timeZone }, place),
  zonedDatetime: (raw, place, timeZone) => loadZonedDatetime(raw, { timeZone }, place),
  plainDatetime: loadPlainDatetime,
  date: loadDate,
  time: loadTime,
  timedelta: loadTimedelta,
  decimal: loadDecimal,
  uuid: loadUuid,
  bytes: loadBytes,
  bigint: loadBigint,
  string: (raw, place) => {
    if (typeof raw !== 'string') throw unexpected(place, 'a text', raw);
    return raw;
  },
  number: (raw, place) => {
    if (typeof raw !== 'number') throw unexpected(place, 'a number', raw);
    return raw;
  },
  boolean: (raw, place) => {
    if (typeof raw !== 'boolean') throw unexpected(place, 'true or false', raw);
    return raw;
  },
  json: (raw) => raw,
};

/** The value of a stored one; see `CacheCoder.load`. */
export function loadNested(raw: unknown, shape: Shape, place?: JsonPlace): unknown {
  if (typeof shape === 'string') return loaderOf(shape)(raw, place);
  if (!isCompound(shape)) return loadObject(raw, shape, place);
  switch (shape[0]) {
    case 'list':
      return loadList(raw, shape[1], place);
    case 'set':
      return new Set(loadList(raw, shape[1], place));
    case 'record':
      return loadRecord(raw, shape[1], place);
    case 'map':
      return loadMap(raw, shape[1], shape[2], place);
    case 'nullable':
      return raw === null ? null : loadNested(raw, shape[1], place);
    case 'optional':
      return raw === undefined ? undefined : loadNested(raw, shape[1], place);
    default:
      return loaderOf(shape[0])(raw, place, shape[1]);
  }
}

function isCompound(shape: Exclude<Shape, string>): shape is Extract<Shape, readonly unknown[]> {
  return Array.isArray(shape);
}

function loaderOf(hint: keyof Hints): Loader<unknown> {
  if (Object.hasOwn(LOADERS, hint)) return LOADERS[hint];
  throw new TypeError(`CacheCoder has no hint of this name; it has ${Object.keys(LOADERS).join(', ')}`);
}

function loadList(raw: unknown, shape: Shape, parent: JsonPlace | undefined): unknown[] {
  if (!Array.isArray(raw)) throw unexpected(parent, 'an array', raw);
  return raw.map((item, key) => loadNested(item, shape, { parent, key }));
}

/** From pairs, as dumpMap writes them, or from an object, as Python writes a dict. */
function loadMap(
  raw: unknown,
  keyShape: Shape,
  valueShape: Shape,
  parent: JsonPlace | undefined,
): Map<unknown, unknown> {
  if (!Array.isArray(raw)) {
    const entries = entriesOf(raw, 'an array of pairs, or an object', parent);
    return new Map(
      entries.map(([key, value]) => {
        const place = { parent, key };
        return [loadNested(key, keyShape, place), loadNested(value, valueShape, place)];
      }),
    );
  }
  return new Map(
    raw.map((pair: unknown, key) => {
      const place = { parent, key };
      if (!Array.isArray(pair) || pair.length !== 2) throw unexpected(place, 'a pair of key and value', pair);
      return [
        loadNested(pair[0], keyShape, { parent: place, key: 0 }),
        loadNested(pair[1], valueShape, { parent: place, key: 1 }),
      ];
    }),
  );
}

function loadRecord(raw: unknown, shape: Shape, parent: JsonPlace | undefined): object {
  const entries = entriesOf(raw, 'an object', parent);
  return Object.fromEntries(entries.map(([key, item]) => [key, loadNested(item, shape, { parent, key })]));
}

/** Keys the shape does not name stay as they are. */
function loadObject(
  raw: unknown,
  shape: { readonly [key: string]: Shape },
  parent: JsonPlace | undefined,
): object {
  const loaded = new Map(entriesOf(raw, 'an object', parent));
  for (const [key, itemShape] of Object.entries(shape)) {
    const place = { parent, key };
    if (loaded.has(key)) loaded.set(key, loadNested(loaded.get(key), itemShape, place));
    else if (itemShape[0] !== 'optional') throw unexpected(place, 'a value', undefined);
  }
  return Object.fromEntries(loaded);
}

function entriesOf(raw: unknown, expected: string, place: JsonPlace | undefined): [string, unknown][] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw unexpected(place, expected, raw);
  return Object.entries(raw);
}
