import { types } from 'node:util';
import type { Decimal } from 'decimal.js';
import type { Temporal } from 'temporal-polyfill';
import { dumpDate, dumpTime, loadDate, loadTime } from './date-and-time.js';
import {
  type DatetimeOptions,
  type DatetimeValue,
  dumpDatetime,
  loadDatetime,
  loadInstant,
  loadPlainDatetime,
  loadZonedDatetime,
} from './datetime.js';
import { dumpDecimal, loadDecimal } from './decimal.js';
import { dumpNested } from './dump.js';
import { dumpShaped } from './dump-shaped.js';
import { unexpected } from './expected.js';
import { loadNamed, loadNested } from './load.js';
import { dumpBigint, dumpBytes, dumpUuid, loadBigint, loadBytes, loadUuid } from './scalars.js';
import type { JsonValue, Loaded, Shape } from './shape.js';
import type { Storable } from './storable.js';
import { dumpTimedelta, loadTimedelta } from './timedelta.js';

/**
 * Puts values that JSON lacks into the text forms of codex-django's CacheCoder, and takes them out again. Python
 * reads what is dumped here (`datetime.fromisoformat`, `Decimal`, `UUID`, `bytes.fromhex` …) and the reverse.
 *
 * Nothing is ever guessed from a text: who loads says what it is. Every function throws a TypeError for what it
 * cannot dump or load; it names what was expected, and of a stored text only the length.
 */
export class CacheCoder {
  /**
   * A moment, as `2023-11-14T23:13:20.123456+00:00`: in UTC, or with its own offset for a ZonedDateTime, whose
   * zone has no place in the text. A PlainDateTime is naive and gets no offset unless `timeZone` tells its zone.
   */
  static dumpDatetime(value: DatetimeValue, options?: DatetimeOptions): string {
    return dumpDatetime(value, options);
  }

  /**
   * A Date. It holds milliseconds: smaller digits are cut off, and `loadInstant` keeps them. Naive text is
   * refused unless `timeZone` tells its zone.
   */
  static loadDatetime(raw: unknown, options?: DatetimeOptions): Date {
    return loadDatetime(raw, options);
  }

  /** The exact moment. Naive text is refused unless `timeZone` tells its zone. */
  static loadInstant(raw: unknown, options?: DatetimeOptions): Temporal.Instant {
    return loadInstant(raw, options);
  }

  /** The moment in `timeZone`, else in the offset of the text. Naive text is refused without `timeZone`. */
  static loadZonedDatetime(raw: unknown, options?: DatetimeOptions): Temporal.ZonedDateTime {
    return loadZonedDatetime(raw, options);
  }

  /** A naive date-time; text with an offset is refused. */
  static loadPlainDatetime(raw: unknown): Temporal.PlainDateTime {
    return loadPlainDatetime(raw);
  }

  /** `2023-11-14` */
  static dumpDate(value: Temporal.PlainDate): string {
    return dumpDate(value);
  }

  static loadDate(raw: unknown): Temporal.PlainDate {
    return loadDate(raw);
  }

  /** `23:13:20`, with six digits of a fraction where there is one. */
  static dumpTime(value: Temporal.PlainTime): string {
    return dumpTime(value);
  }

  static loadTime(raw: unknown): Temporal.PlainTime {
    return loadTime(raw);
  }

  /** A number of seconds. A day counts 24 hours; durations with years or months are refused. */
  static dumpTimedelta(value: Temporal.Duration): number {
    return dumpTimedelta(value);
  }

  /** A duration of hours and smaller units, to the microsecond. */
  static loadTimedelta(raw: unknown): Temporal.Duration {
    return loadTimedelta(raw);
  }

  /** All digits, as text. */
  static dumpDecimal(value: Decimal): string {
    return dumpDecimal(value);
  }

  static loadDecimal(raw: unknown): Decimal {
    return loadDecimal(raw);
  }

  /** Checked, and written in lower case with hyphens. */
  static dumpUuid(value: string): string {
    return dumpUuid(value);
  }

  static loadUuid(raw: unknown): string {
    return loadUuid(raw);
  }

  /** Hexadecimal text. */
  static dumpBytes(value: ArrayBufferView | ArrayBuffer): string {
    return dumpBytes(value);
  }

  static loadBytes(raw: unknown): Buffer {
    return loadBytes(raw);
  }

  /** Decimal digits as text. */
  static dumpBigint(value: bigint): string {
    return dumpBigint(value);
  }

  /** From text, or from an integer written bare. */
  static loadBigint(raw: unknown): bigint {
    return loadBigint(raw);
  }

  /** An array in the order of the set; its members as `dump` makes them. */
  static dumpSet(value: ReadonlySet<unknown>): JsonValue[] {
    if (!types.isSet(value)) throw unexpected(undefined, 'a Set', value);
    return dumpNested(value) as JsonValue[];
  }

  static loadSet<const S extends Shape = 'json'>(raw: unknown, member?: S): Set<Loaded<S>> {
    return loadNested(raw, ['set', member ?? 'json']) as Set<Loaded<S>>;
  }

  /** An array of pairs, which Python's `dict()` takes; keys and values as `dump` makes them. */
  static dumpMap(value: ReadonlyMap<unknown, unknown>): [JsonValue, JsonValue][] {
    if (!types.isMap(value)) throw unexpected(undefined, 'a Map', value);
    return dumpNested(value) as [JsonValue, JsonValue][];
  }

  /** From an array of pairs, or from an object, as Python writes a dict. */
  static loadMap<const K extends Shape = 'json', const V extends Shape = 'json'>(
    raw: unknown,
    key?: K,
    value?: V,
  ): Map<Loaded<K>, Loaded<V>> {
    return loadNested(raw, ['map', key ?? 'json', value ?? 'json']) as Map<Loaded<K>, Loaded<V>>;
  }

  /**
   * JSON of a nested value: converts what has a `dump` method of its own here, leaves JSON as it is, booleans and null
   * included, and refuses the rest with its path. Text is text: a UUID stays as written.
   */
  static dump(value: unknown): JsonValue {
    return dumpNested(value);
  }

  /**
   * The reverse of `dump`, as the shape says:
   *
   * `load(raw, { lastSeen: 'datetime', price: 'decimal', tags: ['set', 'uuid'] })` gives an object with a Date, a
   * Decimal and a Set of strings. Keys the shape does not name stay as they are.
   */
  static load<const S extends Shape>(raw: unknown, shape: S): Loaded<S> {
    return loadNested(raw, shape) as Loaded<S>;
  }

  /**
   * A shape that stores as well as loads, for `defineCache()`: of any object, an instance of an ORM's class included,
   * the fields it names.
   */
  static shape<const S extends Shape>(shape: S): ValueShape<S> {
    return {
      dump: (value) => dumpShaped(value, shape),
      load: (stored) => loadNamed(stored, shape) as Loaded<S>,
    };
  }
}

/** Takes values of a shape to JSON and back. */
export interface ValueShape<S extends Shape> {
  readonly dump: (value: Storable<S>) => JsonValue;
  readonly load: (stored: unknown) => Loaded<S>;
}
