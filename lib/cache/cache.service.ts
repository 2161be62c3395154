import { types } from 'node:util';
import { describeValue } from '../common/describe-value.js';
import type { KeyFunction, KeyGroup, KeyPattern } from '../config/cache-options.js';
import type { ReadThroughSettings } from '../config/settings.js';
import { CacheKeyNotFoundError } from '../errors/cache-key-not-found.error.js';
import type { JsonValue } from '../serializer/json-value.js';
import type { Serializer } from '../serializer/serializer.js';
import { type Clock, systemClock } from '../common/clock.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { BoundedSerializer } from './bounded-serializer.js';
import { CacheKeys } from './cache-keys.js';
import {
  checkDelta,
  checkVersionDelta,
  TOUCH_OPTIONS,
  type TouchOptions,
  ttlOf,
  type VersionOptions,
  versionOf,
  type WriteOptions,
} from './call-options.js';
import { sumOf } from './counting.js';
import { dump, dumpEntries, type Entries, keyList, type Loaded } from './entries.js';
import { EntryReader } from './entry-reader.js';
import { EntryWriter } from './entry-writer.js';
import { type LockContext, type LockOptions, Locks } from './locks.js';
import { CacheObserver } from './observing/cache-observer.js';
import type { CacheStats } from './observing/cache-stats.js';
import { added, found, observeCalls, observed } from './observing/observed.decorator.js';
import type { FactoryContext } from './read-through/factory-run.js';
import { type GetOrSetOptions, NO_READ_THROUGH, policyOf } from './read-through/get-or-set-options.js';
import { ReadThrough } from './read-through/read-through.js';
import { flightsOn } from './read-through/single-flight.js';
import { blameCaller } from './refused-value.js';
import { entriesOn } from './stored/entries-on.js';
import type { StoredEntries } from './stored/stored-entries.js';
import { tagList } from './tags/tag-list.js';
import { MarkableSerializer } from './tags/markable-serializer.js';
import { type Timeout, timeoutToMs } from './timeout.js';

export interface CacheServiceSettings {
  /** @default 'default' */
  readonly name?: string;
  /** What stands before the name of an option in messages. */
  readonly place: string;
  readonly keyPrefix: string;
  /** Milliseconds an entry lives unless the call says otherwise; `null` is for ever, 0 stores nothing. */
  readonly timeoutMs: number | null;
  readonly version: number;
  readonly keyFunction?: KeyFunction | undefined;
  readonly keyPattern?: KeyPattern | undefined;
  /** How many bytes the text of a value may take; any number when left out. */
  readonly maxBytes?: number | undefined;
  readonly keyGroup?: KeyGroup | undefined;
  /** @default false */
  readonly tags?: boolean;
  /** The defaults of the options when left out. */
  readonly readThrough?: ReadThroughSettings;
}

/**
 * A cache: values under string keys, each with a timeout, as Django's cache framework has them.
 *
 * Timeouts are seconds (a fraction counts) or a duration string such as `'5m'`; `null` is for ever, 0 or less is
 * gone at once. Every call but `clear()` takes the `version` of the entries it works on.
 *
 * Every call rejects with TypeError or RangeError for arguments that make no sense, and then has changed nothing;
 * with RedisServiceError when Redis refuses it; and with RedisConnectionError (of which RedisTimeoutError is one) when
 * there is no answer, after which the outcome of a write is unknown: an `incr` that is tried again may count twice.
 * Calls for many keys may have been done in part.
 */
export class CacheService {
  /** Private to the runtime too: what it holds knows the password of Redis, and `util.inspect` would show it. */
  readonly #store: KeyValueStore;
  readonly #serializer: Serializer;
  readonly #keys: CacheKeys;
  readonly #timeoutMs: number | null;
  readonly #readThroughSettings: ReadThroughSettings;
  readonly #entries: StoredEntries;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #readThrough: ReadThrough;
  readonly #locks: Locks;
  readonly #observer: CacheObserver;

  constructor(
    store: KeyValueStore,
    settings: CacheServiceSettings,
    serializer: Serializer,
    private readonly clock: Clock = systemClock,
  ) {
    this.#store = store;
    const { maxBytes, place } = settings;
    const markable = settings.tags === true ? new MarkableSerializer(serializer) : serializer;
    this.#serializer = maxBytes === undefined ? markable : new BoundedSerializer(markable, maxBytes, place);
    this.#keys = new CacheKeys(settings);
    this.#timeoutMs = settings.timeoutMs;
    const { readThrough = NO_READ_THROUGH, keyPrefix, name = 'default' } = settings;
    this.#observer = new CacheObserver(name, settings.keyGroup);
    observeCalls(this, this.#observer);
    this.#entries = entriesOn(store, keyPrefix, readThrough, settings.tags === true);
    this.#reader = new EntryReader(this.#entries, this.#keys, this.#serializer, this.#observer);
    this.#readThroughSettings = readThrough;
    const flights = flightsOn(store);
    this.#writer = new EntryWriter(this.#entries, flights);
    this.#readThrough = new ReadThrough(this.#entries, this.#serializer, flights, clock, this.#observer);
    this.#locks = new Locks(store);
  }

  /**
   * The value under a key, `undefined` or the given default when there is none. A stored `null` is a value.
   *
   * @throws SerializationError when the stored text is not the serializer's.
   */
  get<T = unknown>(key: string, defaultValue?: undefined, options?: VersionOptions): Promise<T | undefined>;
  get<T = unknown>(key: string, defaultValue: null, options?: VersionOptions): Promise<T | null>;
  get<T = unknown, D = T>(key: string, defaultValue: D, options?: VersionOptions): Promise<T | D>;
  get(key: string, defaultValue?: unknown, options?: VersionOptions): Promise<unknown> {
    return this.#reader.value(key, options, defaultValue);
  }

  /** Stores a value, whatever was there before. */
  @observed()
  async set(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<void> {
    const redisKey = this.#keys.redisKey(key, versionOf(timeout));
    const text = this.#dump('set', key, value);
    await this.#writer.set(redisKey, text, ttlOf(timeout, this.#timeoutMs), this.#tagsOf(timeout));
  }

  /** Stores a value only where there is none; whether it did. */
  @observed(added)
  async add(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean> {
    const redisKey = this.#keys.redisKey(key, versionOf(timeout));
    const text = this.#dump('add', key, value);
    return await this.#writer.add(redisKey, text, ttlOf(timeout, this.#timeoutMs), this.#tagsOf(timeout));
  }

  /** Deletes an entry; whether there was one. */
  @observed(found)
  async delete(key: string, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.delete(this.#keys.redisKey(key, options?.version));
  }

  /** Whether there is an entry; a stored `null` is one. */
  @observed(found)
  async has(key: string, options?: VersionOptions): Promise<boolean> {
    return await this.#entries.has(this.#keys.redisKey(key, options?.version));
  }

  /** Gives an entry a new timeout, the cache's default unless told otherwise; whether there is one. */
  @observed(found)
  async touch(key: string, timeout?: Timeout | TouchOptions): Promise<boolean> {
    const redisKey = this.#keys.redisKey(key, versionOf(timeout));
    return await this.#writer.expire(redisKey, ttlOf(timeout, this.#timeoutMs, TOUCH_OPTIONS));
  }

  /** Gives an entry a timeout; whether there is one. */
  @observed(found)
  async expire(key: string, timeout: Timeout, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.expire(this.#keys.redisKey(key, options?.version), timeoutToMs(timeout));
  }

  /** Lets an entry expire at a point in time, at once when it has passed; whether there is one. */
  @observed(found)
  async expireAt(key: string, date: Date, options?: VersionOptions): Promise<boolean> {
    const redisKey = this.#keys.redisKey(key, options?.version);
    const time = types.isDate(date) ? date.getTime() : NaN;
    if (Number.isNaN(time)) throw new TypeError(`date: expected a valid Date, got ${describeValue(date)}`);
    return await this.#writer.expire(redisKey, Math.max(0, time - this.clock.now()));
  }

  /** Lets an entry live for ever; whether there is one. */
  @observed(found)
  async persist(key: string, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.expire(this.#keys.redisKey(key, options?.version), null);
  }

  /** Seconds (with a fraction) an entry has left, `null` when it never expires, `undefined` when there is none. */
  @observed(found)
  async ttl(key: string, options?: VersionOptions): Promise<number | null | undefined> {
    const ms = await this.#entries.remaining(this.#keys.redisKey(key, options?.version));
    return typeof ms === 'number' ? ms / 1000 : ms;
  }

  /**
   * The values of those keys that exist, in one round trip.
   *
   * @throws SerializationError naming every key whose text is not the serializer's.
   */
  async getMany<T = unknown>(keys: Iterable<string>, options?: VersionOptions): Promise<Map<string, T>> {
    return (await this.#reader.values(keyList(keys), options)) as Map<string, T>;
  }

  /** Stores all entries of an object, a Map or pairs in one round trip, or none when one cannot be serialised. */
  @observed()
  async setMany(entries: Entries, timeout?: Timeout | WriteOptions): Promise<void> {
    const version = versionOf(timeout);
    const dumped = this.#dumpMany(entries, version);
    await this.#writer.setMany(dumped, ttlOf(timeout, this.#timeoutMs), this.#tagsOf(timeout));
  }

  /** Deletes the entries under these keys; how many there were. */
  @observed()
  async deleteMany(keys: Iterable<string>, options?: VersionOptions): Promise<number> {
    return await this.#writer.deleteMany(this.#redisKeys(keyList(keys), options));
  }

  /**
   * Adds to a stored integer, keeping its timeout; the sum.
   *
   * @throws CacheKeyNotFoundError when there is no entry, TypeError when it is no integer, RangeError when it or
   *   the sum lies beyond ±(2^53 − 1).
   */
  @observed()
  async incr(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    const redisKey = this.#keys.redisKey(key, options?.version);
    checkDelta(delta);
    return sumOf(key, await this.#entries.incrementIfPresent(redisKey, delta));
  }

  /** Subtracts from a stored integer: `incr` the other way. */
  async decr(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    checkDelta(delta);
    return await this.incr(key, -delta, options);
  }

  /**
   * The value under a key; when there is none, the factory's, which is stored.
   *
   * Concurrent calls of this process for one key share one run, with the timeout of the first. What this process
   * writes or deletes meanwhile is not undone by the run; a delete by another process may be, unless the cache has
   * `readThrough.singleFlight`: then all processes share one run. An entry that the
   * serializer cannot read is made anew.
   *
   * @throws what the factory throws, with nothing stored; TypeError when it returns `undefined` or what is no JSON,
   *   which the compiler refuses where the type tells; CacheFactoryTimeoutError when it takes too long;
   *   CacheFactoryCycleError when it waits for its own key.
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
  async getOrSet(
    key: string,
    factory: (context: FactoryContext) => unknown,
    timeout?: Timeout | GetOrSetOptions<never>,
  ): Promise<unknown> {
    const redisKey = this.#keys.redisKey(key, typeof timeout === 'object' ? timeout?.version : undefined);
    const policy = policyOf(timeout, this.#timeoutMs, this.#readThroughSettings, this.#hasTags);
    try {
      return await this.#readThrough.value({ key, redisKey, factory, policy });
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'getOrSet'), [key]);
    }
  }

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
  @observed()
  async withLock<T>(
    name: string,
    work: (context: LockContext) => T | Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    return await this.#locks.run(name, this.#keys.lockKey(name), work, options);
  }

  /**
   * The values under many keys; those that are missing are loaded by one call and stored. A key the loader leaves out has no
   * value; with `nullTimeout` it is stored as `null`.
   *
   * Keys whose value another call of this process is making are not loaded again.
   *
   * @param loader is given the missing keys, and returns an object, a Map or pairs
   * @throws as `getOrSet`; TypeError when the loader returns a key it was not given.
   */
  async getOrSetMany<T = unknown>(
    keys: Iterable<string>,
    loader: (missing: string[]) => Loaded<T> | Promise<Loaded<T>>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<Map<string, T | null>> {
    const version = typeof timeout === 'object' ? timeout?.version : undefined;
    const policy = policyOf(timeout, this.#timeoutMs, this.#readThroughSettings, this.#hasTags);
    const asked = [...new Set(keyList(keys))];
    const calls = asked.map((key) => ({ key, redisKey: this.#keys.redisKey(key, version), policy }));
    try {
      return (await this.#readThrough.values(calls, loader)) as Map<string, T | null>;
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'getOrSetMany'), asked);
    }
  }

  /**
   * Moves an entry to a higher version, with what is left of its timeout; that version.
   *
   * @throws CacheKeyNotFoundError when there is no entry.
   */
  @observed()
  async incrVersion(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    const from = this.#keys.version(options?.version);
    checkVersionDelta(delta);
    const to = from + delta;
    if (to < 0) throw new RangeError('delta: there is no version below 0');
    const [before, after] = [this.#keys.redisKey(key, from), this.#keys.redisKey(key, to)];
    if (!(await this.#writer.rename(before, after))) throw new CacheKeyNotFoundError(key);
    return to;
  }

  /** Moves an entry to a lower version: `incrVersion` the other way. */
  async decrVersion(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    checkVersionDelta(delta);
    return await this.incrVersion(key, -delta, options);
  }

  /**
   * Invalidates every entry of this cache that was stored with one of these tags, however many there are. No call that begins
   * after this has resolved gets such an entry, in any process; a value that is being made meanwhile is invalid too.
   *
   * @throws TypeError in a cache without `tags: true`
   */
  @observed()
  async invalidateTags(...tags: readonly string[]): Promise<void> {
    const names = tagList(tags, this.#hasTags) ?? [];
    await this.#entries.tags?.invalidate(names);
  }

  /**
   * Deletes all entries of this cache, in every version, and nothing else in this Redis; how many there were.
   *
   * @throws ImproperlyConfiguredError without a key prefix, or with a key function and no key pattern.
   */
  @observed()
  async clear(): Promise<number> {
    return await this.#writer.deleteSelected(this.#keys.all());
  }

  /**
   * Deletes the entries of one version whose keys match a Redis glob (`*`, `?`, `[a-z]`, at most 1,024 code points);
   * how many there were. What comes from users goes through `escapeGlob()` first.
   *
   * @throws ImproperlyConfiguredError with a key function and no key pattern.
   */
  @observed()
  async deletePattern(pattern: string, options?: VersionOptions): Promise<number> {
    return await this.#writer.deleteSelected(
      this.#keys.matching(pattern, options?.version, 'deletePattern()'),
    );
  }

  /**
   * Walks over the keys of one version that match a Redis glob, in no order. As with Redis' SCAN, a key may come
   * twice, and one added or deleted meanwhile may or may not come.
   *
   * @throws ImproperlyConfiguredError with a key function and no key pattern.
   */
  async *keys(pattern = '*', options?: VersionOptions): AsyncGenerator<string, void, undefined> {
    const selection = this.#keys.matching(pattern, options?.version, 'keys()');
    for await (const page of this.#store.scan(selection.glob))
      for (const redisKey of page) {
        const key = selection.keyOf(redisKey);
        // an empty one is another writer's, and no call would take it
        if (key !== undefined && key !== '') yield key;
      }
  }

  /** What the calls that read have met in this process. */
  stats(): CacheStats {
    return this.#observer.stats();
  }

  get #hasTags(): boolean {
    return this.#entries.tags !== undefined;
  }

  #tagsOf(given: Timeout | WriteOptions | undefined): readonly string[] | undefined {
    return typeof given === 'object' ? tagList(given?.tags, this.#hasTags) : undefined;
  }

  #dump(verb: 'set' | 'add', key: string, value: unknown): string {
    try {
      return dump(this.#serializer, key, value);
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, verb));
    }
  }

  #dumpMany(entries: Entries, version: number | undefined): [redisKey: string, text: string][] {
    try {
      return dumpEntries(this.#serializer, entries, (key) => this.#keys.redisKey(key, version));
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'setMany'));
    }
  }

  #redisKeys(keys: readonly string[], options: VersionOptions | undefined): string[] {
    const version = options?.version;
    return keys.map((key) => this.#keys.redisKey(key, version));
  }
}
