import type { JsonValue } from '../serializer/json-value.js';
import type { TouchOptions, VersionOptions, WriteOptions } from './call-options.js';
import type { Entries, Loaded } from './entries.js';
import type { LockContext, LockOptions } from './locks.js';
import type { CacheStats } from './observing/cache-stats.js';
import type { FactoryContext } from './read-through/factory-run.js';
import type { GetOrSetOptions } from './read-through/get-or-set-options.js';
import type { Timeout } from './timeout.js';

/*
 * Overloaded calls name their errors in sentences, because an editor does not show their tags.
 */

/** The calls of a CacheService. A substitute, such as a fake in a test, implements this type. */
export interface Cache {
  /**
   * Returns the value of a key, or `undefined` or the given default if there is none. A stored `null` is a value.
   *
   * Rejects with SerializationError if the serializer cannot read the stored text.
   */
  get<T = unknown>(key: string, defaultValue?: undefined, options?: VersionOptions): Promise<T | undefined>;
  get<T = unknown>(key: string, defaultValue: null, options?: VersionOptions): Promise<T | null>;
  get<T = unknown, D = T>(key: string, defaultValue: D, options?: VersionOptions): Promise<T | D>;

  /** Stores a value. It replaces an earlier one. */
  set(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<void>;

  /** Stores a value only if there is none. Returns whether it did. */
  add(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean>;

  /** Deletes an entry. Returns whether there was one. */
  delete(key: string, options?: VersionOptions): Promise<boolean>;

  /** True if there is an entry. A stored `null` is one. */
  has(key: string, options?: VersionOptions): Promise<boolean>;

  /** Sets a new timeout: the cache's default unless one is given. Returns whether there is an entry. */
  touch(key: string, timeout?: Timeout | TouchOptions): Promise<boolean>;

  /** Sets the timeout of an entry. Returns whether there is one. */
  expire(key: string, timeout: Timeout, options?: VersionOptions): Promise<boolean>;

  /** Lets an entry expire at a given time, or at once if that has passed. Returns whether there is one. */
  expireAt(key: string, date: Date, options?: VersionOptions): Promise<boolean>;

  /** Removes the timeout of an entry. Returns whether there is one. */
  persist(key: string, options?: VersionOptions): Promise<boolean>;

  /**
   * The remaining time of an entry in seconds, with a fraction: `null` if it never expires, `undefined` if there is
   * none.
   */
  ttl(key: string, options?: VersionOptions): Promise<number | null | undefined>;

  /**
   * Returns the values of the keys that exist, in one round trip.
   *
   * @throws SerializationError that names every key whose text the serializer cannot read.
   */
  getMany<T = unknown>(keys: Iterable<string>, options?: VersionOptions): Promise<Map<string, T>>;

  /**
   * Stores all entries of an object, a Map or pairs in one round trip. If one of them cannot be serialized, nothing is
   * stored.
   */
  setMany(entries: Entries, timeout?: Timeout | WriteOptions): Promise<void>;

  /** Deletes the entries of these keys. Returns how many there were. */
  deleteMany(keys: Iterable<string>, options?: VersionOptions): Promise<number>;

  /**
   * Adds to a stored integer and returns the sum. The timeout stays.
   *
   * @throws CacheKeyNotFoundError if there is no entry, TypeError if it is not an integer, RangeError if it or the sum
   *   is beyond ±(2^53 - 1).
   */
  incr(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /** Subtracts from a stored integer, like `incr` with the opposite sign. */
  decr(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /**
   * Returns the value of a key. If there is none, runs the factory and stores its value.
   *
   * Concurrent calls of this process for one key share one run, with the timeout of the first call. If this process
   * writes or deletes the entry while the factory runs, the result does not replace that. A delete by another process
   * can be undone, unless the cache has `readThrough.singleFlight`: then all processes share one run. An entry that the
   * serializer cannot read is created again.
   *
   * Rejects with the factory's error, and stores nothing then. Rejects with TypeError if the factory returns
   * `undefined` or a value that is not JSON (the compiler refuses it where the type tells), with
   * CacheFactoryTimeoutError if it takes too long, and with CacheFactoryCycleError if it waits for its own key.
   */
  getOrSet<T>(
    key: string,
    factory: (context: FactoryContext) => JsonValue<T> | Promise<JsonValue<T>>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<JsonValue<T>>;
  /** For factories such as `() => 1 or 'x'`, where nothing could be inferred beside a promise. */
  getOrSet<T>(
    key: string,
    // eslint-disable-next-line @typescript-eslint/unified-signatures -- a union of both would infer less
    factory: (context: FactoryContext) => JsonValue<T>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<JsonValue<T>>;

  /**
   * Returns the values of many keys. One call of the loader loads the missing ones, which are then stored. A key that
   * the loader leaves out has no value; with `nullTimeout`, `null` is stored for it.
   *
   * Keys that another call of this process is loading are not loaded again.
   *
   * @param loader receives the missing keys, and returns an object, a Map or pairs
   * @throws as `getOrSet`; TypeError if the loader returns a key that it did not receive.
   */
  getOrSetMany<T = unknown>(
    keys: Iterable<string>,
    loader: (missing: string[]) => Loaded<T> | Promise<Loaded<T>>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<Map<string, T | null>>;

  /**
   * Runs work while no other call, in any process on this Redis, holds the same lock. Returns what the work returns.
   *
   * The lock is renewed while the work runs. It is one key on one Redis: a failover can lose it. A process that is
   * paused for longer than `lease` loses it without noticing at once. So the work should obey `signal`, and must be
   * harmless if it is done twice.
   *
   * @throws CacheLockError if the lock stays busy for `wait`, or is lost while the work runs; the error of the work;
   *   the errors of Redis, without which the work never runs.
   */
  withLock<T>(
    name: string,
    work: (context: LockContext) => T | Promise<T>,
    options?: LockOptions,
  ): Promise<T>;

  /**
   * Moves an entry to a higher version with its remaining timeout. Returns that version.
   *
   * @throws CacheKeyNotFoundError if there is no entry.
   */
  incrVersion(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /** Moves an entry to a lower version, like `incrVersion` with the opposite sign. */
  decrVersion(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /**
   * Invalidates every entry of this cache that has one of these tags, however many there are. A call that begins after
   * this has resolved gets no such entry, in any process. A value that is being computed at that time is invalid too.
   *
   * @throws TypeError in a cache without `tags: true`
   */
  invalidateTags(...tags: readonly string[]): Promise<void>;

  /**
   * Deletes all entries of this cache, in every version, and nothing else in this Redis. Returns how many there were.
   *
   * @throws ImproperlyConfiguredError without a key prefix, or with a key function and no key pattern.
   */
  clear(): Promise<number>;

  /**
   * Deletes the entries of one version whose keys match a Redis glob (`*`, `?`, `[a-z]`, at most 1,024 code points).
   * Returns how many there were. Pass text from users through `escapeGlob()` first.
   *
   * @throws ImproperlyConfiguredError with a key function and no key pattern.
   */
  deletePattern(pattern: string, options?: VersionOptions): Promise<number>;

  /**
   * Iterates over the keys of one version that match a Redis glob, in no order. As with Redis' SCAN, a key may be
   * returned twice, and a key that is added or deleted in the meantime may or may not be returned.
   *
   * @throws ImproperlyConfiguredError with a key function and no key pattern.
   */
  keys(pattern?: string, options?: VersionOptions): AsyncGenerator<string, void, undefined>;

  /** The counts of the read calls of this process. */
  stats(): CacheStats;
}
