import { describeValue } from '../common/describe-value.js';
import { isPlainObject } from '../common/plain-object.js';
import { type Timeout, timeoutToMs } from './timeout.js';

/** What every call of a cache takes. */
export interface VersionOptions {
  /** The version to work on, an integer from 0, instead of the cache's own. */
  readonly version?: number | undefined;
}

/** What a call that stores takes. */
export interface WriteOptions extends VersionOptions {
  /** Seconds, a duration string such as `'5m'`, or `null` for ever, instead of the cache's default. */
  readonly timeout?: Timeout | undefined;
  /** What `invalidateTags()` invalidates the entry by, in a cache with `tags`. */
  readonly tags?: readonly string[] | undefined;
}

/** What a call takes that changes how long an entry lives. */
export type TouchOptions = Omit<WriteOptions, 'tags'>;

/**
 * Milliseconds of what a storing call was given, `null` for ever, 0 for gone at once.
 *
 * @throws TypeError, RangeError
 */
export const ttlOf = (
  given: Timeout | WriteOptions | undefined,
  fallbackMs: number | null,
  names: readonly string[] = WRITE_OPTIONS,
): number | null => {
  if (given === undefined) return fallbackMs;
  if (typeof given !== 'object' || given === null) return timeoutToMs(given);
  refuseUnknown(given, names);
  return given.timeout === undefined ? fallbackMs : timeoutToMs(given.timeout);
};

/** The version of what a storing call was given. */
export const versionOf = (given: Timeout | WriteOptions | undefined): number | undefined =>
  typeof given === 'object' && given !== null ? given.version : undefined;

const WRITE_OPTIONS: readonly string[] = ['timeout', 'version', 'tags'];
export const TOUCH_OPTIONS: readonly string[] = ['timeout', 'version'];

/**
 * Something else than options, such as a Date or `{ ttl: 5 }`, must not pass for options that say nothing.
 *
 * @throws TypeError
 */
export const refuseUnknown = (given: object, names: readonly string[]): void => {
  const plain = isPlainObject(given);
  const unknown = plain ? Object.keys(given).find((name) => !names.includes(name)) : '';
  if (unknown === undefined) return;
  throw new TypeError(
    `timeout: expected seconds, a duration string such as '5m', null for ever, or { ${names.join(', ')} }; got ${
      plain ? `an object with ${JSON.stringify(unknown)}` : describeValue(given)
    }`,
  );
};

/** @throws TypeError for what cannot be called. */
export const checkFunction = (value: unknown, name: string): void => {
  if (typeof value !== 'function')
    throw new TypeError(`${name}: expected a function, got ${describeValue(value)}`);
};

/** @throws TypeError for what is no integer, RangeError for one beyond ±(2^53 − 1). */
export const checkDelta = (delta: unknown): void => {
  if (Number.isSafeInteger(delta)) return;
  if (Number.isInteger(delta)) throw new RangeError('delta: beyond ±(2^53 − 1) JavaScript would round');
  throw new TypeError(`delta: expected an integer, got ${describeValue(delta)}`);
};

/** @throws TypeError for what is no integer or 0, RangeError for one beyond ±(2^53 − 1). */
export const checkVersionDelta = (delta: unknown): void => {
  checkDelta(delta);
  if (delta === 0) throw new TypeError('delta: 0 would leave the version as it is');
};
