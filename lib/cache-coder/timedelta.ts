import { Temporal } from 'temporal-polyfill';
import type { JsonPlace } from '../serializer/json-path.js';
import { refuse } from '../serializer/json-refusal.js';
import { unexpected } from './expected.js';
import { isTemporal } from './temporal-kind.js';

const NUMBER_OF_SECONDS = 'a number of seconds that Python’s timedelta holds';
const MICROSECONDS_PER_SECOND = 1_000_000;

/** A timedelta ends at 999,999,999 days and its last microsecond. */
const MOST_SECONDS = 86_400 * 1e9;

/**
 * Seconds, as Python's `total_seconds()`. A day is 24 hours and a week 7 days; months and years have no length.
 */
export function dumpTimedelta(value: Temporal.Duration, place?: JsonPlace): number {
  if (!isTemporal('Temporal.Duration', value)) throw unexpected(place, 'a Temporal.Duration', value);
  if (value.years !== 0 || value.months !== 0) {
    throw refuse(place, 'years and months have no fixed length; give days');
  }
  const microseconds = totalMicroseconds(value, place);
  const seconds = toSeconds(microseconds);
  if (Math.abs(seconds) >= MOST_SECONDS)
    throw refuse(place, 'Python has no timedelta beyond 999,999,999 days');
  if (toMicroseconds(seconds) !== microseconds) {
    throw refuse(place, 'microseconds do not fit beside so many days; round the duration first');
  }
  return seconds;
}

/** In hours and below, since a day of a Temporal.Duration may have 23 hours where the clock changes. */
export function loadTimedelta(raw: unknown, place?: JsonPlace): Temporal.Duration {
  if (typeof raw !== 'number' || !(Math.abs(raw) < MOST_SECONDS))
    throw unexpected(place, NUMBER_OF_SECONDS, raw);
  const microseconds = toMicroseconds(raw);
  const duration = Temporal.Duration.from({
    seconds: Number(microseconds / 1_000_000n),
    microseconds: Number(microseconds % 1_000_000n),
  });
  return duration.round({ largestUnit: 'hours' });
}

function totalMicroseconds(value: Temporal.Duration, place: JsonPlace | undefined): bigint {
  const parts: [number, bigint][] = [
    [value.weeks, 604_800_000_000n],
    [value.days, 86_400_000_000n],
    [value.hours, 3_600_000_000n],
    [value.minutes, 60_000_000n],
    [value.seconds, 1_000_000n],
    [value.milliseconds, 1000n],
    [value.microseconds, 1n],
  ];
  const nanoseconds = BigInt(value.nanoseconds);
  if (nanoseconds % 1000n !== 0n)
    throw refuse(place, "Python has no nanoseconds; use round('microsecond') first");
  return parts.reduce((sum, [count, size]) => sum + BigInt(count) * size, nanoseconds / 1000n);
}

function toSeconds(microseconds: bigint): number {
  const whole = Number(microseconds);
  if (Number.isSafeInteger(whole)) return whole / MICROSECONDS_PER_SECOND;
  return Number(microseconds / 1_000_000n) + Number(microseconds % 1_000_000n) / MICROSECONDS_PER_SECOND;
}

/** Rounded half to even on the whole microsecond, as Python does with the fraction of a float. */
function toMicroseconds(seconds: number): bigint {
  const whole = Math.trunc(seconds);
  return BigInt(whole) * 1_000_000n + BigInt(roundHalfToEven((seconds - whole) * MICROSECONDS_PER_SECOND));
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const isHalf = value - floor === 0.5;
  return isHalf ? floor + Math.abs(floor % 2) : Math.round(value);
}
