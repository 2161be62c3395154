import type { JsonValue } from '../serializer/json-value.js';
import type { TouchOptions, VersionOptions, WriteOptions } from './call-options.js';
import type { Entries, Loaded } from './entries.js';
import type { LockContext, LockOptions } from './locks.js';
import type { CacheStats } from './observing/cache-stats.js';
import type { FactoryContext } from './read-through/factory-run.js';
import type { GetOrSetOptions } from './read-through/get-or-set-options.js';
import type { Timeout } from './timeout.js';

/*
 * An editor shows of an overloaded call what is said in sentences, and none of its tags.
 */

/** The calls of a CacheService, also for what stands in for one, such as a fake in a test. */
export interface Cache {
  /**
   * The value under a key, `undefined` or the given default when there is none. A stored `null` is a value.
   *
   * Rejects with SerializationError when the stored text is not the serializer's.
   */
  get<T = unknown>(key: string, defaultValue?: undefined, options?: VersionOptions): Promise<T | undefined>;
  get<T = unknown>(key: string, defaultValue: null, options?: VersionOptions): Promise<T | null>;
  get<T = unknown, D = T>(key: string, defaultValue: D, options?: VersionOptions): Promise<T | D>;

  /** Stores a value, whatever was there before. */
  set(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<void>;

  /** Stores a value only where there is none; whether it did. */
  add(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean>;

  /** Deletes an entry; whether there was one. */
  delete(key: string, options?: VersionOptions): Promise<boolean>;

  /** Whether there is an entry; a stored `null` is one. */
  has(key: string, options?: VersionOptions): Promise<boolean>;

  /** Gives an entry a new timeout, the cache's default unless told otherwise; whether there is one. */
  touch(key: string, timeout?: Timeout | TouchOptions): Promise<boolean>;

  /** Gives an entry a timeout; whether there is one. */
  expire(key: string, timeout: Timeout, options?: VersionOptions): Promise<boolean>;

  /** Lets an entry expire at a point in time, at once when it has passed; whether there is one. */
  expireAt(key: string, date: Date, options?: VersionOptions): Promise<boolean>;

  /** Lets an entry live forever; whether there is one. */
  persist(key: string, options?: VersionOptions): Promise<boolean>;

  /** Seconds (with a fraction) an entry has left, `null` when it never expires, `undefined` when there is none. */
  ttl(key: string, options?: VersionOptions): Promise<number | null | undefined>;

  /**
   * The values of those keys that exist, in one round trip.
   *
   * @throws SerializationError naming every key whose text is not the serializer's.
   */
  getMany<T = unknown>(keys: Iterable<string>, options?: VersionOptions): Promise<Map<string, T>>;

  /** Stores all entries of an object, a Map or pairs in one round trip, or none when one cannot be serialised. */
  setMany(entries: Entries, timeout?: Timeout | WriteOptions): Promise<void>;

  /** Deletes the entries under these keys; how many there were. */
  deleteMany(keys: Iterable<string>, options?: VersionOptions): Promise<number>;

  /**
   * Adds to a stored integer, keeping its timeout; the sum.
   *
   * @throws CacheKeyNotFoundError when there is no entry, TypeError when it is no integer, RangeError when it or
   *   the sum lies beyond ±(2^53 − 1).
   */
  incr(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /** Subtracts from a stored integer: `incr` the other way. */
  decr(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /**
   * The value under a key; when there is none, the factory's, which is stored.
   *
   * Concurrent calls of this process for one key share one run, with the timeout of the first. What this process
   * writes or deletes meanwhile is not undone by the run; a delete by another process may be, unless the cache has
   * `readThrough.singleFlight`: then all processes share one run. An entry that the
   * serializer cannot read is made anew.
   *
   * Rejects with what the factory throws, and stores nothing then; with TypeError when it returns `undefined` or what is
   * not JSON, which the compiler refuses where the type tells; with CacheFactoryTimeoutError when it takes too long; and
   * with CacheFactoryCycleError when it waits for its own key.
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
   * The values under many keys; those that are missing are loaded by one call and stored. A key the loader leaves out has no
   * value; with `nullTimeout` it is stored as `null`.
   *
   * Keys whose value another call of this process is making are not loaded again.
   *
   * @param loader is given the missing keys, and returns an object, a Map or pairs
   * @throws as `getOrSet`; TypeError when the loader returns a key it was not given.
   */
  getOrSetMany<T = unknown>(
    keys: Iterable<string>,
    loader: (missing: string[]) => Loaded<T> | Promise<Loaded<T>>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<Map<string, T | null>>;

  /**
   * Runs work while no other call of any process on this Redis holds the same lock; what it returns.
   *
   * The lock is renewed while the work runs. It is one key on one Redis: a failover may lose it, and a process that stands
   * still for longer than `lease` loses it without noticing at once. So let the work heed `signal`, and keep it harmless
   * if it is done twice.
   *
   * @throws CacheLockError when the lock stays busy for `wait`, and when it is lost while the work runs; what the work
   *   throws; the errors of Redis, without which the work never runs.
   */
  withLock<T>(
    name: string,
    work: (context: LockContext) => T | Promise<T>,
    options?: LockOptions,
  ): Promise<T>;

  /**
   * Moves an entry to a higher version, with what is left of its timeout; that version.
   *
   * @throws CacheKeyNotFoundError when there is no entry.
   */
  incrVersion(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /** Moves an entry to a lower version: `incrVersion` the other way. */
  decrVersion(key: string, delta?: number, options?: VersionOptions): Promise<number>;

  /**
   * Invalidates every entry of this cache that was stored with one of these tags, however many there are. No call that begins
   * after this has resolved gets such an entry, in any process; a value that is being made meanwhile is invalid too.
   *
   * @throws TypeError in a cache without `tags: true`
   */
  invalidateTags(...tags: readonly string[]): Promise<void>;

  /**
   * Deletes all entries of this cache, in every version, and nothing else in this Redis; how many there were.
   *
   * @throws ImproperlyConfiguredError without a key prefix, or with a key function and no key pattern.
   */
  clear(): Promise<number>;

  /**
   * Deletes the entries of one version whose keys match a Redis glob (`*`, `?`, `[a-z]`, at most 1,024 code points);
   * how many there were. What comes from users goes through `escapeGlob()` first.
   *
   * @throws ImproperlyConfiguredError with a key function and no key pattern.
   */
  deletePattern(pattern: string, options?: VersionOptions): Promise<number>;

  /**
   * Walks over the keys of one version that match a Redis glob, in no order. As with Redis' SCAN, a key may come
   * twice, and one added or deleted meanwhile may or may not come.
   *
   * @throws ImproperlyConfiguredError with a key function and no key pattern.
   */
  keys(pattern?: string, options?: VersionOptions): AsyncGenerator<string, void, undefined>;

  /** What the calls that read have met in this process. */
  stats(): CacheStats;
}
