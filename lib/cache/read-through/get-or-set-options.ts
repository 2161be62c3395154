import { describeValue } from '../../common/describe-value.js';
import { parseDuration } from '../../common/duration.js';
import type { Duration } from '../../config/kinds.js';
import { refuseUnknown, ttlOf, type WriteOptions } from '../call-options.js';
import type { Timeout } from '../timeout.js';
import { DEFAULT_FACTORY_TIMEOUT_MS } from './factory-run.js';

/** What `getOrSet` takes. */
export interface GetOrSetOptions extends WriteOptions {
  /**
   * Seconds (or a duration string) the factory may take; `null` is no bound. When it takes longer, everybody who waits
   * gets CacheFactoryTimeoutError, and what it returns later is dropped.
   * @default '30s'
   */
  readonly factoryTimeout?: Duration | null | undefined;
}

/** What the options of a call mean. */
export interface Policy {
  /** Milliseconds; `null` is for ever, 0 stores nothing. */
  readonly ttl: number | null;
  readonly factoryTimeoutMs: number | null;
}

const NAMES: readonly string[] = ['timeout', 'version', 'factoryTimeout'];

/**
 * What a call was asked for.
 *
 * @throws TypeError, RangeError
 */
export const policyOf = (given: Timeout | GetOrSetOptions | undefined, timeoutMs: number | null): Policy => {
  if (typeof given !== 'object' || given === null)
    return { ttl: ttlOf(given, timeoutMs), factoryTimeoutMs: DEFAULT_FACTORY_TIMEOUT_MS };
  refuseUnknown(given, NAMES);
  return {
    ttl: ttlOf(given.timeout, timeoutMs),
    factoryTimeoutMs: boundOf('factoryTimeout', given.factoryTimeout, DEFAULT_FACTORY_TIMEOUT_MS),
  };
};

/** Timers count in 31 bits; a longer one would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const MS_PER_SECOND = 1000;

const boundOf = (name: string, given: unknown, fallback: number): number | null => {
  if (given === undefined) return fallback;
  if (given === null) return null;
  const ms = typeof given === 'number' ? given * MS_PER_SECOND : durationMs(given);
  if (ms === undefined || !(ms > 0 && ms <= LONGEST_TIMER_MS))
    throw new TypeError(
      `${name}: expected seconds above 0, a duration string such as '5s', or null for no bound; got ${describeValue(given)}`,
    );
  return ms;
};

const durationMs = (given: unknown): number | undefined =>
  typeof given === 'string' ? parseDuration(given) : undefined;
