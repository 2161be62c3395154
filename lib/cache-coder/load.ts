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

/** The value of a stored one; see `CacheCoder.load`. Fields that the shape does not name stay as they are. */
export function loadNested(raw: unknown, shape: Shape, place?: JsonPlace): unknown {
  return keeping.load(raw, shape, place);
}

/**
 * As `loadNested`, without the fields that the shape does not name, such as those of an earlier shape or of another
 * program.
 */
export function loadNamed(raw: unknown, shape: Shape): unknown {
  return dropping.load(raw, shape, undefined);
}

class ShapeLoader {
  /** @param others how fields are treated that the shape does not name */
  constructor(private readonly others: 'keep' | 'drop') {}

  load(raw: unknown, shape: Shape, place: JsonPlace | undefined): unknown {
    if (typeof shape === 'string') return loaderOf(shape)(raw, place);
    if (!isCompound(shape)) return this.#object(raw, shape, place);
    switch (shape[0]) {
      case 'list':
        return this.#list(raw, shape[1], place);
      case 'set':
        return new Set(this.#list(raw, shape[1], place));
      case 'record':
        return this.#record(raw, shape[1], place);
      case 'map':
        return this.#map(raw, shape[1], shape[2], place);
      case 'nullable':
        return raw === null ? null : this.load(raw, shape[1], place);
      case 'optional':
        return raw === undefined ? undefined : this.load(raw, shape[1], place);
      default:
        return loaderOf(shape[0])(raw, place, shape[1]);
    }
  }

  #list(raw: unknown, shape: Shape, parent: JsonPlace | undefined): unknown[] {
    if (!Array.isArray(raw)) throw unexpected(parent, 'an array', raw);
    return raw.map((item, key) => this.load(item, shape, { parent, key }));
  }

  /** From pairs, as dumpMap writes them, or from an object, as Python writes a dict. */
  #map(
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
          return [this.load(key, keyShape, place), this.load(value, valueShape, place)];
        }),
      );
    }
    return new Map(
      raw.map((pair: unknown, key) => {
        const place = { parent, key };
        if (!Array.isArray(pair) || pair.length !== 2)
          throw unexpected(place, 'a pair of key and value', pair);
        return [
          this.load(pair[0], keyShape, { parent: place, key: 0 }),
          this.load(pair[1], valueShape, { parent: place, key: 1 }),
        ];
      }),
    );
  }

  #record(raw: unknown, shape: Shape, parent: JsonPlace | undefined): object {
    const entries = entriesOf(raw, 'an object', parent);
    return Object.fromEntries(entries.map(([key, item]) => [key, this.load(item, shape, { parent, key })]));
  }

  #object(raw: unknown, shape: { readonly [key: string]: Shape }, parent: JsonPlace | undefined): object {
    const stored = new Map(entriesOf(raw, 'an object', parent));
    const loaded = this.others === 'keep' ? stored : new Map<string, unknown>();
    for (const [key, itemShape] of Object.entries(shape)) {
      const place = { parent, key };
      if (stored.has(key)) loaded.set(key, this.load(stored.get(key), itemShape, place));
      else if (itemShape[0] !== 'optional') throw unexpected(place, 'a value', undefined);
    }
    return Object.fromEntries(loaded);
  }
}

const keeping = new ShapeLoader('keep');
const dropping = new ShapeLoader('drop');

function isCompound(shape: Exclude<Shape, string>): shape is Extract<Shape, readonly unknown[]> {
  return Array.isArray(shape);
}

function loaderOf(hint: keyof Hints): Loader<unknown> {
  if (Object.hasOwn(LOADERS, hint)) return LOADERS[hint];
  throw new TypeError(`CacheCoder has no hint of this name; it has ${Object.keys(LOADERS).join(', ')}`);
}

function entriesOf(raw: unknown, expected: string, place: JsonPlace | undefined): [string, unknown][] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw unexpected(place, expected, raw);
  return Object.entries(raw);
}
