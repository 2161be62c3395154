import { duration, oneOf, orNull, part, timer } from './kinds.js';
import { option, type OptionsOf } from './option.js';

export const readThroughOptions = {
  /**
   * For so long after its timeout `getOrSet()` still finds a value, to serve while a new one cannot be had: seconds or a
   * duration string. 0 is none. Everything else sees the entry expire at its timeout.
   *
   * The text is stored twice. A call of `getOrSet()` may lower it.
   * @default 0
   */
  grace: option(duration(0), { default: 0 }),
  /**
   * A factory that takes longer goes on behind, while its callers get the stale value, if there is one; 0 is at once,
   * null never. Needs `grace`.
   * @default null
   */
  softTimeout: option(orNull(timer('seconds from 0', 0), 'to wait for the factory'), { default: null }),
  /**
   * For so long after a factory has failed for which there is a value to serve, this process does not run it again:
   * seconds or a duration string.
   * @default 5
   */
  retryAfter: option(duration(0), { default: 5 }),
  /**
   * From this part of its timeout on, a value that is asked for is made anew behind the caller: 0.8 is the last fifth.
   */
  refreshAhead: option(part('a number above 0 and below 1', (value) => value > 0 && value < 1)),
  /**
   * Each timeout is shortened by a random part up to this one, so that what was stored together does not expire together.
   * @default 0
   */
  jitter: option(
    part('a number from 0 to below 1', (value) => value >= 0 && value < 1),
    { default: 0 },
  ),
  /** The timeout of `null`, instead of that of other values: seconds, a duration string, or null for never. */
  nullTimeout: option(orNull(duration(0), 'for never')),
  /**
   * How long a factory may take. When it takes longer, everybody who waits gets CacheFactoryTimeoutError, and what it
   * returns later is dropped. null is no bound.
   * @default '30s'
   */
  factoryTimeout: option(orNull(timer('seconds above 0', Number.MIN_VALUE), 'for no bound'), {
    default: '30s',
  }),
  /**
   * `'shared'` lets one process in all run the factory of a missing entry, while the others wait for what it stores.
   * Without it each process runs one.
   */
  singleFlight: option(oneOf('shared')),
  /**
   * How long the right to run the factory outlives a process that died: seconds from 1 or a duration string. A living one
   * renews it every third of this time. Needs `singleFlight`.
   * @default '10s'
   */
  lease: option(timer('seconds from 1', 1), { default: '10s' }),
  /**
   * How long to wait for what another process makes: seconds or a duration string. After that a process runs the factory
   * itself, and stores nothing. Needs `singleFlight`.
   * @default '5s'
   */
  wait: option(duration(0), { default: '5s' }),
  /**
   * `'compute'` gives the value of the factory, unstored, while Redis is down or cannot write; otherwise the call fails.
   */
  whenUnavailable: option(oneOf('compute')),
};

/** What `getOrSet()` does beside reading an entry and making a missing one. */
export interface ReadThroughOptions extends OptionsOf<typeof readThroughOptions> {}
