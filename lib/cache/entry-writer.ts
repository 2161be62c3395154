import type { Serializer } from '../serializer/serializer.js';
import type { TimeToLive } from '../store/time-to-live.js';
import type { CacheKeys, KeySelection } from './cache-keys.js';
import type { CallDefaults } from './call-defaults.js';
import { versionOf, type WriteOptions } from './call-options.js';
import { dump, type Pair } from './entries.js';
import { blameCaller } from './refused-value.js';
import { deleteSelected } from './selected-entries.js';
import type { SingleFlight } from './read-through/single-flight.js';
import type { StoredEntries } from './stored/stored-entries.js';
import { lifeOf, type Tokens } from './tags/tags.js';
import type { Timeout } from './timeout.js';

/** Tags to store with; `undefined` is none. */
type TagNames = readonly string[] | undefined;

/** The argument of a storing call beside its entries. */
type Given = Timeout | WriteOptions | undefined;

/** Writes and deletes entries, and keeps the runs of this process from undoing it. A timeout of 0 stores nothing. */
export class EntryWriter {
  constructor(
    private readonly entries: StoredEntries,
    private readonly keys: CacheKeys,
    private readonly serializer: Serializer,
    private readonly defaults: CallDefaults,
    private readonly flights: SingleFlight,
  ) {}

  /** @param owner whose `set` was called */
  async set(owner: object, key: string, value: unknown, given: Given): Promise<void> {
    const redisKey = this.keys.redisKey(key, versionOf(given, owner, 'set'));
    const text = this.#dump(owner, 'set', key, value);
    const ttl = this.defaults.ttlOf(given);
    const tags = this.defaults.tagsOf(given);
    if (ttl === 0) {
      await this.delete(redisKey);
      return;
    }
    const taking = this.#tokens(tags, ttl);
    const tokens = taking === undefined ? undefined : await taking;
    const writing = this.flights.fence(redisKey);
    if (writing !== undefined) await writing;
    await this.entries.set(redisKey, text, ttl, tokens);
  }

  /** @param owner whose `add` was called */
  async add(owner: object, key: string, value: unknown, given: Given): Promise<boolean> {
    const redisKey = this.keys.redisKey(key, versionOf(given, owner, 'add'));
    const text = this.#dump(owner, 'add', key, value);
    const ttl = this.defaults.ttlOf(given);
    const tags = this.defaults.tagsOf(given);
    if (ttl === 0) return !(await this.entries.has(redisKey));
    const taking = this.#tokens(tags, ttl);
    const tokens = taking === undefined ? undefined : await taking;
    return await this.entries.setIfAbsent(redisKey, text, ttl, tokens);
  }

  /** @param owner whose `setMany` was called */
  async setMany(owner: object, pairs: readonly Pair[], given: Given): Promise<void> {
    const version = versionOf(given, owner, 'setMany');
    const entries = pairs.map(
      ([key, value]) => [this.keys.redisKey(key, version), this.#dump(owner, 'setMany', key, value)] as const,
    );
    const ttl = this.defaults.ttlOf(given);
    const tags = this.defaults.tagsOf(given);
    const redisKeys = entries.map(([redisKey]) => redisKey);
    if (ttl === 0) {
      await this.deleteMany(redisKeys);
      return;
    }
    const taking = this.#tokens(tags, ttl);
    const tokens = taking === undefined ? undefined : await taking;
    const writing = this.flights.fenceMany(redisKeys);
    if (writing !== undefined) await writing;
    await this.entries.setMany(entries, ttl, tokens);
  }

  delete(redisKey: string): Promise<boolean> {
    const writing = this.flights.fence(redisKey);
    return writing === undefined
      ? this.entries.delete(redisKey)
      : writing.then(() => this.entries.delete(redisKey));
  }

  async deleteMany(redisKeys: readonly string[]): Promise<number> {
    const writing = this.flights.fenceMany(redisKeys);
    if (writing !== undefined) await writing;
    return await this.entries.deleteMany(redisKeys);
  }

  async deleteWhere(selection: KeySelection): Promise<number> {
    const writing = this.flights.fenceWhere((redisKey) => selection.keyOf(redisKey) !== undefined);
    if (writing !== undefined) await writing;
    return await deleteSelected(this.entries, selection);
  }

  expire(redisKey: string, ttl: TimeToLive): Promise<boolean> {
    return ttl === 0 ? this.delete(redisKey) : this.entries.expire(redisKey, ttl);
  }

  async rename(from: string, to: string): Promise<boolean> {
    const writing = this.flights.fenceMany([from, to]);
    if (writing !== undefined) await writing;
    return await this.entries.rename(from, to);
  }

  /** A refusal's stack begins where the method of the owner was called. */
  #dump(owner: object, verb: string, key: string, value: unknown): string {
    try {
      return dump(this.serializer, key, value);
    } catch (error) {
      throw blameCaller(error, Reflect.get(owner, verb));
    }
  }

  /** Taken before anything is written; without tags there is nothing to wait for. */
  #tokens(names: TagNames, ttl: TimeToLive): Promise<Tokens> | undefined {
    const { tags, grace } = this.entries;
    if (tags === undefined || names === undefined || names.length === 0) return undefined;
    return tags.take(tags.keysOf(names), lifeOf(ttl, grace));
  }
}
