import { duration, oneOf, orNull, part, timer } from './kinds.js';
import { option, type OptionsOf } from './option.js';

export const readThroughOptions = {
  /**
   * How long after its timeout `getOrSet()` can still serve a value when a new one is not available: seconds or a
   * duration string. Every other call sees the entry expire at its timeout.
   *
   * The text is stored twice. A call of `getOrSet()` can lower it. 0 is none.
   * @default 0
   */
  grace: option(duration(0), { default: 0 }),
  /**
   * How long callers wait for the factory before they get the stale value, if there is one. The factory continues in
   * the background. 0 does not wait, null waits for the factory. Needs `grace`.
   * @default null
   */
  softTimeout: option(orNull(timer('seconds from 0', 0), 'to wait for the factory'), { default: null }),
  /**
   * How long this process waits before it runs a factory again that failed while there was a stale value: seconds or a
   * duration string.
   * @default 5
   */
  retryAfter: option(duration(0), { default: 5 }),
  /**
   * The part of the timeout after which a call of `getOrSet()` refreshes the value in the background: 0.8 means in the
   * last fifth.
   */
  refreshAhead: option(part('a number above 0 and below 1', (value) => value > 0 && value < 1)),
  /**
   * Shortens each timeout by a random part up to this one, so that entries stored together do not expire together.
   * @default 0
   */
  jitter: option(
    part('a number from 0 to below 1', (value) => value >= 0 && value < 1),
    { default: 0 },
  ),
  /**
   * The timeout of a stored `null`: seconds, a duration string, or null for never. Without it, a `null` has the timeout
   * of other values.
   */
  nullTimeout: option(orNull(duration(0), 'for never')),
  /**
   * How long a factory may take. After that, all waiting calls get CacheFactoryTimeoutError, and a late result is
   * dropped. null means no limit.
   * @default '30s'
   */
  factoryTimeout: option(orNull(timer('seconds above 0', Number.MIN_VALUE), 'for no bound'), {
    default: '30s',
  }),
  /**
   * `'shared'` lets only one of all processes run the factory of a missing entry, while the others wait for the stored
   * value. Without it, each process runs its own.
   */
  singleFlight: option(oneOf('shared')),
  /**
   * How long a process that died keeps the others from running the factory: a duration string, or seconds from 1. A
   * living process renews its lease every third of this time. Needs `singleFlight`.
   * @default '10s'
   */
  lease: option(timer('seconds from 1', 1), { default: '10s' }),
  /**
   * How long to wait for the value of another process: seconds or a duration string. After that, a process runs the
   * factory itself and stores nothing. Needs `singleFlight`.
   * @default '5s'
   */
  wait: option(duration(0), { default: '5s' }),
  /**
   * `'compute'` returns the factory's value without storing it while Redis is down or cannot write. Without it, the
   * call fails.
   */
  whenUnavailable: option(oneOf('compute')),
};

/** The settings of `getOrSet()` beyond reading an entry and creating a missing one. */
export interface ReadThroughOptions extends OptionsOf<typeof readThroughOptions> {}
