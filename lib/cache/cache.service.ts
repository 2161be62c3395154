import { CacheKeyNotFoundError } from '../errors/cache-key-not-found.error.js';
import type { JsonValue } from '../serializer/json-value.js';
import type { Serializer } from '../serializer/serializer.js';
import { type Clock, systemClock } from '../common/clock.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { serializerFor } from './bounded-serializer.js';
import type { Cache } from './cache.js';
import { CacheKeys, type KeySelection } from './cache-keys.js';
import type { CacheServiceSettings } from './cache-settings.js';
import { CallDefaults } from './call-defaults.js';
import {
  checkCall,
  type TouchOptions,
  type VersionOptions,
  versionOf,
  type WriteOptions,
} from './call-options.js';
import { checkedDelta, opposite, sumOf } from './counting.js';
import { type Entries, keyList, type Loaded, pairsOf } from './entries.js';
import { EntryReader } from './entry-reader.js';
import { EntryWriter } from './entry-writer.js';
import { type LockContext, type LockOptions, Locks } from './locks.js';
import { CacheObserver } from './observing/cache-observer.js';
import type { CacheStats } from './observing/cache-stats.js';
import { added, found, observeCalls, observed } from './observing/observed.decorator.js';
import { CallArguments } from './read-through/call-arguments.js';
import type { Factory, FactoryContext } from './read-through/factory-run.js';
import type { GetOrSetOptions } from './read-through/get-or-set-options.js';
import { ReadThrough } from './read-through/read-through.js';
import { flightsOn } from './read-through/single-flight.js';
import { blameCaller } from './refused-value.js';
import { selectedKeys } from './selected-entries.js';
import { entriesOn } from './stored/entries-on.js';
import type { StoredEntries } from './stored/stored-entries.js';
import { msUntil, type Timeout, timeoutToMs } from './timeout.js';

/**
 * A cache: values under string keys, each with a timeout, as Django's cache framework has them.
 *
 * Timeouts are seconds (a fraction counts) or a duration string such as `'5m'`; `null` is forever, 0 or less is
 * gone at once. Every call but `clear()` takes the `version` of the entries it works on.
 *
 * Every call rejects with TypeError or RangeError for arguments that make no sense, and then has changed nothing; with
 * RedisServiceError when Redis refuses it; and with RedisConnectionError (or its subclass RedisTimeoutError) when there is
 * no answer: then the outcome of a write is unknown (an `incr` that is repeated may count twice), and calls for many keys
 * may have been done in part.
 */
export class CacheService implements Cache {
  /** Private to the runtime too: what it holds knows the password of Redis, and `util.inspect` would show it. */
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  readonly #keys: CacheKeys;
  readonly #defaults: CallDefaults;
  readonly #entries: StoredEntries;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #arguments: CallArguments;
  readonly #readThrough: ReadThrough;
  readonly #locks: Locks;
  readonly #observer: CacheObserver;

  constructor(
    store: KeyValueStore,
    settings: CacheServiceSettings,
    serializer: Serializer,
    clock = systemClock,
  ) {
    this.#clock = clock;
    this.#store = store;
    const bounded = serializerFor(settings, serializer);
    this.#keys = new CacheKeys(settings);
    this.#defaults = new CallDefaults(settings);
    this.#arguments = new CallArguments(this.#keys, this.#defaults);
    this.#observer = observeCalls(this, new CacheObserver(settings));
    this.#entries = entriesOn(store, settings);
    this.#reader = new EntryReader(this.#entries, this.#keys, bounded, this.#observer);
    this.#writer = new EntryWriter(this.#entries, this.#keys, bounded, this.#defaults, flightsOn(store));
    this.#readThrough = new ReadThrough(this.#entries, bounded, flightsOn(store), clock, this.#observer);
    this.#locks = new Locks(store);
  }

  get<T = unknown>(key: string, defaultValue?: undefined, options?: VersionOptions): Promise<T | undefined>;
  get<T = unknown>(key: string, defaultValue: null, options?: VersionOptions): Promise<T | null>;
  get<T = unknown, D = T>(key: string, defaultValue: D, options?: VersionOptions): Promise<T | D>;
  get(key: string, defaultValue?: unknown, options?: VersionOptions): Promise<unknown> {
    return this.#reader.value(this, key, options, defaultValue);
  }

  @observed()
  set(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<void> {
    return this.#writer.set(this, key, value, timeout);
  }

  @observed(added)
  add(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean> {
    return this.#writer.add(this, key, value, timeout);
  }

  @observed(found)
  async delete(key: string, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.delete(this.#redisKey('delete', key, options));
  }

  @observed(found)
  async has(key: string, options?: VersionOptions): Promise<boolean> {
    return await this.#entries.has(this.#redisKey('has', key, options));
  }

  @observed(found)
  async touch(key: string, timeout?: Timeout | TouchOptions): Promise<boolean> {
    const redisKey = this.#redisKey('touch', key, timeout);
    return await this.#writer.expire(redisKey, this.#defaults.ttlOf(timeout));
  }

  @observed(found)
  async expire(key: string, timeout: Timeout, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.expire(this.#redisKey('expire', key, options), timeoutToMs(timeout));
  }

  @observed(found)
  async expireAt(key: string, date: Date, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.expire(this.#redisKey('expireAt', key, options), msUntil(date, this.#clock));
  }

  @observed(found)
  async persist(key: string, options?: VersionOptions): Promise<boolean> {
    return await this.#writer.expire(this.#redisKey('persist', key, options), null);
  }

  @observed(found)
  async ttl(key: string, options?: VersionOptions): Promise<number | null | undefined> {
    const ms = await this.#entries.remaining(this.#redisKey('ttl', key, options));
    return typeof ms === 'number' ? ms / 1000 : ms;
  }

  async getMany<T = unknown>(keys: Iterable<string>, options?: VersionOptions): Promise<Map<string, T>> {
    return (await this.#reader.values(this, keys, options)) as Map<string, T>;
  }

  async setMany(entries: Entries, timeout?: Timeout | WriteOptions): Promise<void> {
    const pairs = this.#observer.checked('setMany', () => pairsOf(entries));
    const keys = pairs.map(([key]) => key);
    await this.#observer.run('setMany', keys, () => this.#writer.setMany(this, pairs, timeout));
  }

  async deleteMany(keys: Iterable<string>, options?: VersionOptions): Promise<number> {
    const asked = this.#observer.checked('deleteMany', () => keyList(keys));
    return await this.#observer.run('deleteMany', asked, async () =>
      this.#writer.deleteMany(this.#keys.redisKeys(asked, versionOf(options, this, 'deleteMany'))),
    );
  }

  @observed()
  async incr(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    const redisKey = this.#redisKey('incr', key, options);
    return sumOf(key, await this.#entries.incrementIfPresent(redisKey, checkedDelta(delta)));
  }

  async decr(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    this.#observer.checked('incr', () => checkCall(options, this, 'decr'));
    return await this.incr(key, opposite(delta), options);
  }

  getOrSet<T>(
    key: string,
    factory: (context: FactoryContext) => JsonValue<T> | Promise<JsonValue<T>>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<JsonValue<T>>;
  getOrSet<T>(
    key: string,
    // eslint-disable-next-line @typescript-eslint/unified-signatures -- a union of both would infer less
    factory: (context: FactoryContext) => JsonValue<T>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<JsonValue<T>>;
  async getOrSet(key: string, factory: Factory, given?: Timeout | GetOrSetOptions<never>): Promise<unknown> {
    const call = this.#observer.checked('getOrSet', () => this.#arguments.ofOne(this, key, factory, given));
    try {
      return await this.#readThrough.value(call);
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'getOrSet'), [key]);
    }
  }

  @observed()
  async withLock<T>(
    name: string,
    work: (context: LockContext) => T | Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkCall(options, this, 'withLock');
    return await this.#locks.run(name, this.#keys.lockKey(name), work, options);
  }

  async getOrSetMany<T = unknown>(
    keys: Iterable<string>,
    loader: (missing: string[]) => Loaded<T> | Promise<Loaded<T>>,
    timeout?: Timeout | GetOrSetOptions<NoInfer<T>>,
  ): Promise<Map<string, T | null>> {
    const calls = this.#observer.checked('getOrSetMany', () => this.#arguments.ofMany(this, keys, timeout));
    try {
      return (await this.#readThrough.values(calls, loader)) as Map<string, T | null>;
    } catch (error) {
      const asked = calls.map(({ key }) => key);
      throw blameCaller(error, Reflect.get(this, 'getOrSetMany'), asked);
    }
  }

  @observed()
  async incrVersion(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    const { version, before, after } = this.#keys.move(key, versionOf(options, this, 'incrVersion'), delta);
    if (!(await this.#writer.rename(before, after))) throw new CacheKeyNotFoundError(key);
    return version;
  }

  async decrVersion(key: string, delta = 1, options?: VersionOptions): Promise<number> {
    this.#observer.checked('incrVersion', () => checkCall(options, this, 'decrVersion'));
    return await this.incrVersion(key, opposite(delta), options);
  }

  @observed()
  async invalidateTags(...tags: readonly string[]): Promise<void> {
    const names = this.#defaults.tagList(tags);
    await this.#entries.tags?.invalidate(names);
  }

  @observed()
  async clear(): Promise<number> {
    return await this.#writer.deleteWhere(this.#keys.all());
  }

  @observed()
  async deletePattern(pattern: string, options?: VersionOptions): Promise<number> {
    return await this.#writer.deleteWhere(
      this.#keys.matching(pattern, versionOf(options, this, 'deletePattern'), 'deletePattern'),
    );
  }

  async *keys(pattern = '*', options?: VersionOptions): AsyncGenerator<string, void, undefined> {
    const select = (): KeySelection => this.#keys.matching(pattern, versionOf(options, this, 'keys'), 'keys');
    yield* this.#observer.scan('keys', selectedKeys(this.#store, this.#observer.checked('keys', select)));
  }

  stats(): CacheStats {
    return this.#observer.stats();
  }

  #redisKey(verb: keyof this & string, key: string, options?: Timeout | VersionOptions): string {
    return this.#keys.redisKey(key, versionOf(options, this, verb));
  }
}
