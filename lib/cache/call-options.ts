import { checkOptions, type KnownOptions } from '../common/checked-options.js';
import { describeValue } from '../common/describe-value.js';
import { readThroughOptions } from '../config/read-through-options.js';
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

/** The options of a call that has only the version. */
export const VERSION_OPTIONS: KnownOptions = { names: ['version'] };

const orTimeout = (...names: readonly string[]): KnownOptions => ({
  names,
  besides: {
    argument: 'timeout',
    expected: "seconds, a duration string such as '5m', null forever",
  },
});

/** The options of a call that stores. */
export const WRITE_OPTIONS = orTimeout('timeout', 'version', 'tags');
/** The options of `getOrSet`. */
export const GET_OR_SET_OPTIONS = orTimeout('timeout', 'version', 'tags', ...Object.keys(readThroughOptions));

/** The options of each call that has more than the version, or others. */
const KNOWN: Readonly<Record<string, KnownOptions>> = {
  set: WRITE_OPTIONS,
  add: WRITE_OPTIONS,
  setMany: WRITE_OPTIONS,
  touch: orTimeout('timeout', 'version'),
  getOrSet: GET_OR_SET_OPTIONS,
  getOrSetMany: GET_OR_SET_OPTIONS,
  withLock: { names: ['lease', 'wait'] },
};

/**
 * Refuses options that a call of a cache does not know.
 *
 * @param owner whose method `verb` was called
 * @throws TypeError
 */
export const checkCall = (given: unknown, owner: object, verb: string): void => {
  checkOptions(given, KNOWN[verb] ?? VERSION_OPTIONS, owner, verb);
};

/**
 * The version of what a call was given.
 *
 * @param owner whose method `verb` was called
 * @throws TypeError for an unknown option
 */
export const versionOf = (
  given: Timeout | VersionOptions | undefined,
  owner: object,
  verb: string,
): number | undefined => {
  if (given === undefined) return undefined;
  checkCall(given, owner, verb);
  return typeof given === 'object' ? given?.version : undefined;
};

/** @throws TypeError for what cannot be called. */
export const checkFunction = (value: unknown, name: string): void => {
  if (typeof value !== 'function')
    throw new TypeError(`${name}: expected a function, got ${describeValue(value)}`);
};
