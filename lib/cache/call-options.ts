import { describeValue } from '../common/describe-value.js';
import { isPlainObject } from '../common/plain-object.js';
import type { Timeout } from './timeout.js';

/** The options of every call of a cache. */
export interface VersionOptions {
  /** The version to work on, an integer from 0, instead of the cache's own. */
  readonly version?: number | undefined;
}

/** The options of a call that stores. */
export interface WriteOptions extends VersionOptions {
  /** Seconds, a duration string such as `'5m'`, or `null` forever, instead of the cache's default. */
  readonly timeout?: Timeout | undefined;
  /** The tags of the entry for `invalidateTags()`, in a cache with `tags`. */
  readonly tags?: readonly string[] | undefined;
}

/** The options of a call that changes the timeout of an entry. */
export type TouchOptions = Omit<WriteOptions, 'tags'>;

/** The version of what a call was given. */
export const versionOf = (given: Timeout | VersionOptions | undefined): number | undefined =>
  typeof given === 'object' && given !== null ? given.version : undefined;

/** The names of what a call takes that stores. */
export const WRITE_OPTIONS: readonly string[] = ['timeout', 'version', 'tags'];
/** The names of what a call takes that changes how long an entry lives. */
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
    `timeout: expected seconds, a duration string such as '5m', null forever, or { ${names.join(', ')} }; got ${
      plain ? `an object with ${JSON.stringify(unknown)}` : describeValue(given)
    }`,
  );
};

/** @throws TypeError for what cannot be called. */
export const checkFunction = (value: unknown, name: string): void => {
  if (typeof value !== 'function')
    throw new TypeError(`${name}: expected a function, got ${describeValue(value)}`);
};
