import { types } from 'node:util';
import { Temporal } from 'temporal-polyfill';
import type { JsonPlace } from '../serializer/json-path.js';
import { refuse } from '../serializer/json-refusal.js';
import { CALENDAR_DAY, CLOCK, formatOffset, OFFSET, parseOffset, smallestUnitOf } from './clock-text.js';
import { matchText, parseOr, unexpected } from './expected.js';
import { holdCalendar, holdMicroseconds, holdYear } from './python-limits.js';
import { isTemporal } from './temporal-kind.js';

/** The accepted values of `dumpDatetime`. A PlainDateTime is what Python calls naive. */
export type DatetimeValue = Date | Temporal.Instant | Temporal.ZonedDateTime | Temporal.PlainDateTime;

export interface DatetimeOptions {
  /**
   * The zone a naive date-time is of, such as `Europe/Berlin` or `UTC`. A time that a change of the clock skips
   * or repeats is taken as Python takes it: with the offset that held before the change.
   */
  readonly timeZone?: string | undefined;
}

type Moment = Pick<Temporal.ZonedDateTime, 'epochNanoseconds' | 'offsetNanoseconds'>;

const AWARE = 'a datetime with an offset, such as 2023-11-14T23:13:20.123456+00:00';
const NAIVE = 'a datetime without an offset, such as 2023-11-14T23:13:20.123456';
const UNTOLD = `${AWARE}, or the option timeZone to tell the zone of a naive one`;
const TEXT = new RegExp(`^(?<day>${CALENDAR_DAY})[T ](?<clock>${CLOCK})(?<offset>Z|${OFFSET})?$`);

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const NANOSECONDS_PER_MINUTE = 60e9;

export function isDatetime(value: unknown): value is DatetimeValue {
  return (
    types.isDate(value) ||
    isTemporal('Temporal.Instant', value) ||
    isTemporal('Temporal.ZonedDateTime', value) ||
    isTemporal('Temporal.PlainDateTime', value)
  );
}

export function dumpDatetime(value: DatetimeValue, options: DatetimeOptions = {}, place?: JsonPlace): string {
  if (!isTemporal('Temporal.PlainDateTime', value)) return formatMoment(momentOf(value, place), place);
  holdCalendar(value.calendarId, place);
  const plain = Temporal.PlainDateTime.from(value.toString());
  const { timeZone } = options;
  if (timeZone === undefined) return formatPlain(plain, place);
  const zoned = inZone(timeZone, place, () => plain.toZonedDateTime(timeZone));
  return formatMoment(zoned, place);
}

/** Milliseconds are all a Date holds: what is below them is cut off. */
export function loadDatetime(raw: unknown, options?: DatetimeOptions, place?: JsonPlace): Date {
  return new Date(loadInstant(raw, options, place).epochMilliseconds);
}

export function loadInstant(raw: unknown, options?: DatetimeOptions, place?: JsonPlace): Temporal.Instant {
  return readMoment(raw, options, place).instant;
}

/** In the zone of the options, else in the offset of the text. */
export function loadZonedDatetime(
  raw: unknown,
  options: DatetimeOptions = {},
  place?: JsonPlace,
): Temporal.ZonedDateTime {
  const { instant, offset } = readMoment(raw, options, place);
  const { timeZone } = options;
  if (timeZone !== undefined) return inZone(timeZone, place, () => instant.toZonedDateTimeISO(timeZone));
  if (offset % NANOSECONDS_PER_MINUTE !== 0) {
    throw unexpected(place, 'an offset of whole minutes, or the option timeZone', raw);
  }
  return instant.toZonedDateTimeISO(formatOffset(offset));
}

export function loadPlainDatetime(raw: unknown, place?: JsonPlace): Temporal.PlainDateTime {
  const { plain, offset } = readText(raw, NAIVE, place);
  if (offset !== undefined) throw unexpected(place, NAIVE, raw);
  return plain;
}

function momentOf(value: unknown, place: JsonPlace | undefined): Moment {
  if (isTemporal('Temporal.ZonedDateTime', value)) {
    holdCalendar(value.calendarId, place);
    return value;
  }
  if (isTemporal('Temporal.Instant', value)) {
    return { epochNanoseconds: value.epochNanoseconds, offsetNanoseconds: 0 };
  }
  if (!types.isDate(value)) throw unexpected(place, 'a Date or a Temporal date-time', value);
  const milliseconds = Date.prototype.getTime.call(value);
  if (Number.isNaN(milliseconds)) throw refuse(place, 'an invalid Date has no text');
  return { epochNanoseconds: BigInt(milliseconds) * NANOSECONDS_PER_MILLISECOND, offsetNanoseconds: 0 };
}

function formatMoment({ epochNanoseconds, offsetNanoseconds }: Moment, place: JsonPlace | undefined): string {
  const instant = Temporal.Instant.fromEpochNanoseconds(epochNanoseconds);
  const utc = instant.toZonedDateTimeISO('UTC').toPlainDateTime();
  return formatPlain(utc.add({ nanoseconds: offsetNanoseconds }), place) + formatOffset(offsetNanoseconds);
}

function formatPlain(value: Temporal.PlainDateTime, place: JsonPlace | undefined): string {
  holdYear(value.year, place);
  holdMicroseconds(value.nanosecond, place);
  return value.toString({ smallestUnit: smallestUnitOf(value) });
}

function readMoment(
  raw: unknown,
  options: DatetimeOptions = {},
  place: JsonPlace | undefined,
): { readonly instant: Temporal.Instant; readonly offset: number } {
  const { plain, offset } = readText(raw, AWARE, place);
  if (offset !== undefined) {
    const instant = plain.toZonedDateTime('UTC').toInstant().subtract({ nanoseconds: offset });
    return { instant, offset };
  }
  const { timeZone } = options;
  if (timeZone === undefined) throw unexpected(place, UNTOLD, raw);
  const zoned = inZone(timeZone, place, () => plain.toZonedDateTime(timeZone));
  return { instant: zoned.toInstant(), offset: zoned.offsetNanoseconds };
}

/** Years of four digits are in every zone, so what Temporal refuses is the zone. */
function inZone<T>(timeZone: string, place: JsonPlace | undefined, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw refuse(
      place,
      `the option timeZone takes a name such as Europe/Berlin, or an offset such as +02:00, not ${JSON.stringify(timeZone)}`,
      error,
    );
  }
}

function readText(
  raw: unknown,
  expected: string,
  place: JsonPlace | undefined,
): { readonly plain: Temporal.PlainDateTime; readonly offset: number | undefined } {
  const { day = '', clock = '', offset } = matchText(TEXT, place, expected, raw);
  const plain = parseOr(place, expected, raw, () => Temporal.PlainDateTime.from(`${day}T${clock}`));
  return { plain, offset: offset === undefined ? undefined : parseOffset(offset) };
}
