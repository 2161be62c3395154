import type { TimeToLive } from '../store/time-to-live.js';
import type { KeySelection } from './cache-keys.js';
import { deleteSelected } from './selected-entries.js';
import type { SingleFlight } from './read-through/single-flight.js';
import type { StoredEntries } from './stored/stored-entries.js';
import { lifeOf, type Tokens } from './tags/tags.js';

/** Tags to store with; `undefined` is none. */
type TagNames = readonly string[] | undefined;

/**
 * Writes and deletes entries under their Redis keys, and keeps the runs of this process from undoing it. A ttl of 0 stores
 * nothing.
 */
export class EntryWriter {
  constructor(
    private readonly entries: StoredEntries,
    private readonly flights: SingleFlight,
  ) {}

  async set(redisKey: string, text: string, ttl: TimeToLive, tags: TagNames): Promise<void> {
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

  async add(redisKey: string, text: string, ttl: TimeToLive, tags: TagNames): Promise<boolean> {
    if (ttl === 0) return !(await this.entries.has(redisKey));
    const taking = this.#tokens(tags, ttl);
    const tokens = taking === undefined ? undefined : await taking;
    return await this.entries.setIfAbsent(redisKey, text, ttl, tokens);
  }

  async setMany(
    entries: readonly (readonly [redisKey: string, text: string])[],
    ttl: TimeToLive,
    tags: TagNames,
  ): Promise<void> {
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

  /** Taken before anything is written; without tags there is nothing to wait for. */
  #tokens(names: TagNames, ttl: TimeToLive): Promise<Tokens> | undefined {
    const { tags, grace } = this.entries;
    if (tags === undefined || names === undefined || names.length === 0) return undefined;
    return tags.take(tags.keysOf(names), lifeOf(ttl, grace));
  }
}
