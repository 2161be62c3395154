import { Temporal } from 'temporal-polyfill';
import type { JsonPlace } from '../serializer/json-path.js';
import { CALENDAR_DAY, CLOCK, smallestUnitOf } from './clock-text.js';
import { matchText, parseOr, unexpected } from './expected.js';
import { holdCalendar, holdMicroseconds, holdYear } from './python-limits.js';
import { isTemporal } from './temporal-kind.js';

const DATE = 'a date such as 2023-11-14';
const TIME = 'a time without an offset, such as 23:13:20.123456';
const DATE_TEXT = new RegExp(`^${CALENDAR_DAY}$`);
const TIME_TEXT = new RegExp(`^${CLOCK}$`);

export function dumpDate(value: Temporal.PlainDate, place?: JsonPlace): string {
  if (!isTemporal('Temporal.PlainDate', value)) throw unexpected(place, 'a Temporal.PlainDate', value);
  holdCalendar(value.calendarId, place);
  holdYear(value.year, place);
  return value.toString();
}

export function loadDate(raw: unknown, place?: JsonPlace): Temporal.PlainDate {
  matchText(DATE_TEXT, place, DATE, raw);
  return parseOr(place, DATE, raw, () => Temporal.PlainDate.from(String(raw)));
}

export function dumpTime(value: Temporal.PlainTime, place?: JsonPlace): string {
  if (!isTemporal('Temporal.PlainTime', value)) throw unexpected(place, 'a Temporal.PlainTime', value);
  holdMicroseconds(value.nanosecond, place);
  return value.toString({ smallestUnit: smallestUnitOf(value) });
}

export function loadTime(raw: unknown, place?: JsonPlace): Temporal.PlainTime {
  matchText(TIME_TEXT, place, TIME, raw);
  return parseOr(place, TIME, raw, () => Temporal.PlainTime.from(String(raw)));
}
