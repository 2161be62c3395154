import { describeValue } from '../../common/describe-value.js';
import { type Option, settle } from '../../config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../config/read-through-options.js';
import type { ReadThroughSettings } from '../../config/settings.js';
import type { Grace, LookOptions } from '../../store/kept-entry.js';
import type { CacheCompanion } from '../../store/companion-key.js';
import type { VersionOptions } from '../call-options.js';
import type { Reading } from '../observing/reading.js';
import type { Timeout } from '../timeout.js';

/** The options of `getOrSet`. All but `timeout`, `version` and `tags` are those of `cache.readThrough`, for this call. */
export interface GetOrSetOptions<T = unknown> extends VersionOptions, ReadThroughOptions {
  /**
   * Seconds, a duration string such as `'5m'`, or `null` for an entry that never expires, instead of the cache's default; or a function that
   * says so of the value which was made.
   */
  readonly timeout?: Timeout | ((value: T) => Timeout) | undefined;
  /**
   * The tags by which `invalidateTags()` invalidates the entry, in a cache with `tags`, or a function that makes them
   * from the value. A function costs a round trip more, and an invalidation of any tag while the value is made keeps it
   * from being stored.
   */
  readonly tags?: readonly string[] | ((value: T) => readonly string[]) | undefined;
}

/** The settings of a cache without `readThrough`. */
export const NO_READ_THROUGH: ReadThroughSettings = settle(readThroughOptions, {});

/**
 * Given with the options of a call, inside this module only: the factory uses what ends with the call, such as a response
 * that is sent, so it never runs behind.
 */
export const NEVER_BEHIND = Symbol('never behind');

/** Given likewise: a function that is told how the call got its value, before it returns it. */
export const ON_ANSWER = Symbol('on answer');

/** The way in which a call got its value. */
export interface AnswerOrigin {
  /** Of the search that gave the value, which another call may have begun. */
  readonly outcome: Reading['outcome'];
  /** True if the search made the value, and stored it. */
  readonly isStored: boolean;
}

type AnswerListener = (origin: AnswerOrigin) => void;

/** The function that a call was given to be told. */
export const answerListenerOf = (given: unknown): AnswerListener | undefined =>
  typeof given === 'object' && given !== null && ON_ANSWER in given
    ? (given[ON_ANSWER] as AnswerListener)
    : undefined;

const MS_PER_SECOND = 1000;
/** A factory without a bound may take longer; its value is then given to its callers, and perhaps not stored. */
const LONGEST_RUN_MS = 3_600_000;

/** The options that leave a companion beside an entry, so have to be the same wherever the cache is used. */
const OF_THE_CACHE = ['grace', 'refreshAhead', 'singleFlight'] as const;

const OPTIONS = Object.entries(readThroughOptions) as [keyof ReadThroughOptions, Option][];

/** The options of a call, resolved. Times in milliseconds. */
export class Policy {
  constructor(
    readonly readThrough: ReadThroughSettings,
    /** Of most values; `null` never expires, 0 stores nothing. */
    private readonly timeout: number | null | ((value: unknown) => number | null),
    /** The tags of an entry, or a function that makes them from its value. */
    readonly tags?: readonly string[] | ((value: unknown) => readonly string[]) | undefined,
  ) {}

  /** True if the lifetime of an entry is known only from its value. */
  get hasOwnTimeouts(): boolean {
    return typeof this.timeout === 'function';
  }

  /** The time for which a run needs its tokens; if timeouts depend on the value, this covers the run itself. */
  get tokensLastMs(): number | null {
    const { nullTimeout = 0 } = this.readThrough;
    const timeout = typeof this.timeout === 'function' ? 0 : this.timeout;
    if (timeout === null || nullTimeout === null) return null;
    return Math.max(timeout, nullTimeout) + (this.companion ?? 0) + this.look.lastsMs;
  }

  /** The lifetime of an entry that has this value; 0 stores nothing. */
  ttlOf(value: unknown): number | null {
    const { nullTimeout, jitter } = this.readThrough;
    if (value === null && nullTimeout !== undefined) return shortened(nullTimeout, jitter);
    return shortened(typeof this.timeout === 'function' ? this.timeout(value) : this.timeout, jitter);
  }

  get companion(): Grace {
    return companionOf(this.readThrough);
  }

  /** The options of a look-up. */
  get look(): LookOptions {
    const { grace, refreshAhead, factoryTimeout } = this.readThrough;
    const ttl = typeof this.timeout === 'function' ? null : this.timeout;
    return {
      grace,
      lastsMs: Math.min(factoryTimeout ?? Infinity, LONGEST_RUN_MS) + MS_PER_SECOND,
      ahead: refreshAhead === undefined ? undefined : { part: refreshAhead, ttl },
    };
  }
}

/** A companion without a grace still tells one write from another. */
export const companionOf = ({ grace, refreshAhead }: ReadThroughSettings): Grace =>
  grace > 0 || refreshAhead !== undefined ? grace : null;

/** The words that name the companions of the entries; none if nothing is kept beside them. */
export const companionsOf = (readThrough: ReadThroughSettings): readonly CacheCompanion[] => [
  ...(companionOf(readThrough) === null ? [] : (['grace'] as const)),
  ...(readThrough.singleFlight === 'shared' ? (['lease'] as const) : []),
];

const shortened = (ttl: number | null, jitter: number): number | null =>
  ttl === null || ttl === 0 || jitter === 0
    ? ttl
    : Math.max(1, Math.round(ttl * (1 - jitter * Math.random())));

/**
 * The read-through settings of a call: those of the cache, changed by the call's own.
 *
 * @throws TypeError, RangeError
 */
export const readThroughOf = (
  given: GetOrSetOptions<never>,
  cache: ReadThroughSettings,
): ReadThroughSettings => {
  const named: Record<string, unknown> = {};
  for (const [name, { kind }] of OPTIONS) {
    const value: unknown = given[name];
    if (value === undefined) continue;
    if (!kind.accepts(value))
      throw new TypeError(`${name}: expected ${kind.expected}; got ${describeValue(value)}`);
    named[name] = kind.settle(value);
  }
  refuseUnshared(named, cache);
  const settings = Object.keys(named).length === 0 ? cache : { ...cache, ...named };
  return NEVER_BEHIND in given ? { ...settings, softTimeout: null, refreshAhead: undefined } : settings;
};

/** @throws TypeError for what the cache does not do, RangeError for more of it than the cache does */
const refuseUnshared = (named: Partial<ReadThroughSettings>, cache: ReadThroughSettings): void => {
  for (const name of OF_THE_CACHE)
    if (name in named && !cache[name])
      throw new TypeError(
        `${name}: set readThrough.${name} for the cache first, in every process that uses it; a call may only change it`,
      );
  if ('softTimeout' in named && cache.grace === 0)
    throw new TypeError('softTimeout: needs readThrough.grace of the cache, without which nothing is stale');
  if ('retryAfter' in named && companionOf(cache) === null)
    throw new TypeError('retryAfter: needs readThrough.grace or readThrough.refreshAhead of the cache');
  for (const name of ['lease', 'wait'] as const)
    if (name in named && cache.singleFlight === undefined)
      throw new TypeError(`${name}: needs readThrough.singleFlight of the cache`);
  if ((named.grace ?? 0) > cache.grace)
    throw new RangeError(`grace: expected at most the ${cache.grace / 1000} seconds of readThrough.grace`);
};
