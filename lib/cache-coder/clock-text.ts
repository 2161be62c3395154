/** `23:13`, `23:13:20`, `23:13:20.123`, `23:13:20.123456`: what Python's isoformat writes of a time. */
export const CLOCK = String.raw`(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?`;

/** `2023-11-14` */
export const CALENDAR_DAY = String.raw`(?!0000)\d{4}-\d\d-\d\d`;

/** `+05:30`, also with seconds and microseconds, as Python writes the local mean times of long ago. */
export const OFFSET = String.raw`[+-](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?`;

const NANOSECONDS_PER_MICROSECOND = 1000;
const MICROSECONDS_PER_SECOND = 1_000_000;
const MICROSECONDS_PER_MINUTE = 60 * MICROSECONDS_PER_SECOND;

/** Python's isoformat shows a fraction of a second with six digits, or not at all when it is zero. */
export function smallestUnitOf(value: {
  readonly millisecond: number;
  readonly microsecond: number;
}): 'second' | 'microsecond' {
  return value.millisecond === 0 && value.microsecond === 0 ? 'second' : 'microsecond';
}

/** `-05:00`, with seconds and microseconds only where there are some. */
export function formatOffset(nanoseconds: number): string {
  const total = Math.round(Math.abs(nanoseconds) / NANOSECONDS_PER_MICROSECOND);
  const seconds = Math.floor(total / MICROSECONDS_PER_SECOND);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (total % MICROSECONDS_PER_MINUTE !== 0) parts.push(seconds % 60);
  const fraction = total % MICROSECONDS_PER_SECOND;
  return [
    nanoseconds < 0 ? '-' : '+',
    parts.map((part) => String(part).padStart(2, '0')).join(':'),
    fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`,
  ].join('');
}

/** The nanoseconds of what `formatOffset` writes; `Z` is 0. */
export function parseOffset(offset: string): number {
  if (offset === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  const microseconds = Math.round((hours * 3600 + minutes * 60 + seconds) * MICROSECONDS_PER_SECOND);
  const nanoseconds = microseconds * NANOSECONDS_PER_MICROSECOND;
  return offset.startsWith('-') ? -nanoseconds : nanoseconds;
}
