import { parseDuration } from '../common/duration.js';
import { isSerializer } from '../serializer/serializer.js';
import type { Kind } from './option.js';

const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_SECONDS = 10 ** 12;

/** Seconds, or a duration string such as `'90s'`, `'5m'` or `'1h'`. */
export type Duration = number | string;

/** A kind whose values need no conversion. */
export const kind = <T>(
  expected: string,
  accepts: (value: unknown) => boolean,
  read: (text: string) => unknown = (text) => text,
): Kind<T> => ({ expected, accepts, read, settle: (value) => value });

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** A string that `accepts` takes. Strings with lone surrogates cannot be sent to Redis. */
export const text = (expected: string, accepts: (text: string) => boolean = (value) => value !== '') =>
  kind<string>(expected, (value) => typeof value === 'string' && value.isWellFormed() && accepts(value));

export const flag = () => kind<boolean>('true or false', (value) => typeof value === 'boolean', readBoolean);

/** One of several values. In the environment, any form of no means `false`. */
export const oneOf = <const T extends readonly (string | boolean)[]>(...values: T) =>
  kind<T[number]>(
    `one of ${values.map(String).join(', ')}`,
    (value) => values.includes(value as T[number]),
    (value) => (readBoolean(value) === false ? false : value.toLowerCase()),
  );

export const integer = (least: number) =>
  kind<number>(
    `an integer from ${least}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least,
    readNumber,
  );

/** The longest duration of a Node timer. */
export const milliseconds = () =>
  kind<number>(
    `a whole number of milliseconds from 1 to ${MAX_TIMER_MS}`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TIMER_MS,
    readNumber,
  );

/** A duration of at least so many seconds; whole milliseconds in the settings. */
export const duration = (leastSeconds: number): Kind<Duration, number> => ({
  ...durationInSeconds(leastSeconds),
  settle: (value) => Math.round(secondsOf(value) * 1000),
});

/** A duration of at least so many seconds; seconds in the settings. */
export const durationInSeconds = (least: number): Kind<Duration, number> => ({
  expected: `seconds from ${least}, or a duration string with a unit such as '5m'`,
  accepts: (value) => {
    const seconds = typeof value === 'string' || typeof value === 'number' ? secondsOf(value) : NaN;
    return seconds >= least && seconds <= MAX_SECONDS;
  },
  read: readNumber,
  settle: secondsOf,
});

/** A duration that fits a Node timer; milliseconds in the settings. */
export const timer = (expected: string, leastSeconds: number): Kind<Duration, number> => ({
  expected: `${expected}, or a duration string such as '5s', at most 24 days`,
  accepts: (value) => {
    const seconds = typeof value === 'string' || typeof value === 'number' ? secondsOf(value) : NaN;
    return seconds >= leastSeconds && seconds * 1000 <= MAX_TIMER_MS;
  },
  read: readNumber,
  settle: (value) => secondsOf(value) * 1000,
});

/** A part of a whole. */
export const part = (expected: string, accepts: (value: number) => boolean) =>
  kind<number>(expected, (value) => typeof value === 'number' && accepts(value), readNumber);

/** The same, or `null`, which the environment calls `none`. */
export const orNull = <T, S>(base: Kind<T, S>, meaning: string): Kind<T | null, S | null> => ({
  expected: `${base.expected}, or null ${meaning}`,
  accepts: (value) => value === null || base.accepts(value),
  read: (value) => (isNone(value) ? null : base.read(value)),
  settle: (value) => (value === null ? null : base.settle(value)),
});

/** The same, where `none` in the environment leaves the option out. */
export const orNone = <T, S>(base: Kind<T, S>): Kind<T, S> => ({
  ...base,
  read: (value) => (isNone(value) ? undefined : base.read(value)),
});

export const functionOf = <T>(signature: string) =>
  kind<T>(`a function ${signature}`, (value) => typeof value === 'function');

export const secret = () => kind<string | Uint8Array>('a non-empty string or Uint8Array', isSecret);

export const secrets = () =>
  kind<readonly (string | Uint8Array)[]>(
    'an array of non-empty strings or Uint8Arrays',
    (value) => Array.isArray(value) && value.every(isSecret),
    (value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
  );

/** A serializer, its class, or the token of a provider. */
export const serializer = <T>() =>
  kind<T>(
    'a serializer with dumps() and loads(), its class, or a provider token',
    (value) => ['function', 'string', 'symbol'].includes(typeof value) || isSerializer(value),
  );

const isSecret = (value: unknown): boolean =>
  (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0;

const isNone = (value: string): boolean => value.toLowerCase() === 'none';

const secondsOf = (value: Duration): number =>
  typeof value === 'number' ? value : (parseDuration(value) ?? NaN) / 1000;

function readNumber(value: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['true', '1', 'yes', 'on', 'y', 'enabled'].map((word) => [word, true])),
  ...Object.fromEntries(['false', '0', 'no', 'off', 'n', 'disabled'].map((word) => [word, false])),
};

function readBoolean(value: string): unknown {
  return BOOLEANS[value.toLowerCase()] ?? value;
}
