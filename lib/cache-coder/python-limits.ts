import type { JsonPlace } from '../serializer/json-path.js';
import { refuse } from '../serializer/json-refusal.js';

/** Python's dates have years 1 to 9999. */
export function holdYear(year: number, place: JsonPlace | undefined): void {
  if (year < 1 || year > 9999) throw refuse(place, 'Python has no dates outside the years 1 to 9999');
}

/** Python's times end at microseconds. */
export function holdMicroseconds(nanosecond: number, place: JsonPlace | undefined): void {
  if (nanosecond !== 0) throw refuse(place, "Python has no nanoseconds; use round('microsecond') first");
}

/** Python's dates are of the ISO calendar. */
export function holdCalendar(calendarId: string, place: JsonPlace | undefined): void {
  if (calendarId !== 'iso8601') {
    throw refuse(place, "Python has the ISO calendar only; use withCalendar('iso8601') first");
  }
}
