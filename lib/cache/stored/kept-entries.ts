import { ignore } from '../../common/ignore.js';
import {
  type CacheCompanion,
  companionGlobs,
  companionKey,
  entryOfCompanion,
} from '../../store/companion-key.js';
import type { Grace, KeptKeys, KeptOutcome, KeptWrite, Look, LookOptions } from '../../store/kept-entry.js';
import type { IncrementOutcome, KeyValueStore } from '../../store/key-value-store.js';
import type { TimeToLive } from '../../store/time-to-live.js';
import { Lease } from '../lease.js';
import type { StoredEntries } from './stored-entries.js';

/** Entries with companions. Where something goes, the companions go first: a run publishes only while they are there. */
export class KeptEntries implements StoredEntries {
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #store: KeyValueStore;

  /**
   * @param prefix of the cache; the companions are named by it
   * @param words what the companions of this cache are called; all of them go with their entry
   */
  constructor(
    store: KeyValueStore,
    private readonly prefix: string,
    readonly grace: Grace,
    private readonly words: readonly [CacheCompanion, ...CacheCompanion[]],
  ) {
    this.#store = store;
  }

  lease(key: string, ms: number): Lease | undefined {
    const { lease } = this.#keys(key);
    return lease === undefined ? undefined : new Lease(this.#store, lease, ms);
  }

  /** A hit costs a GET, since that is what most calls are; the script for the rest costs Redis several times as much. */
  async look(key: string, options: LookOptions): Promise<Look> {
    if (options.ahead === undefined) {
      const text = await this.#store.get(key);
      if (text !== null) return { state: 'stands', text, nonce: '', isDue: false };
    }
    return await this.lookAgain(key, options);
  }

  lookAgain(key: string, options: LookOptions): Promise<Look> {
    return this.#store.lookUpKept(this.#keys(key), options);
  }

  textsOf(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#store.getMany(keys);
  }

  publish(key: string, write: KeptWrite): Promise<KeptOutcome> {
    return this.#store.writeKept(this.#keys(key), write);
  }

  async set(key: string, text: string, ttl: TimeToLive): Promise<void> {
    await this.#write(key, text, ttl, 'anything');
  }

  async setMany(entries: readonly (readonly [key: string, text: string])[], ttl: TimeToLive): Promise<void> {
    await Promise.all(entries.map(([key, text]) => this.#write(key, text, ttl, 'anything')));
  }

  async setIfAbsent(key: string, text: string, ttl: TimeToLive): Promise<boolean> {
    const { outcome } = await this.#write(key, text, ttl, 'absent');
    return outcome === 'stored';
  }

  async delete(key: string): Promise<boolean> {
    const [, existed] = await Promise.all([this.#deleteCompanions([key]), this.#store.delete(key)]);
    return existed;
  }

  async deleteMany(keys: readonly string[]): Promise<number> {
    const [, count] = await Promise.all([this.#deleteCompanions(keys), this.#store.deleteMany(keys)]);
    return count;
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    return this.#store.expireKept(this.#keys(key), ttl);
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#store.incrementKept(this.#keys(key), delta, this.grace);
  }

  /** Again afterwards, since a run may have published before the entry left, and of what stood at `to`. */
  async rename(from: string, to: string): Promise<boolean> {
    const before = this.#deleteCompanions([from, to]);
    // a failure is awaited below; until then it must not count as unhandled
    before.catch(ignore);
    const moved = await this.#store.rename(from, to);
    await Promise.all([before, this.#deleteCompanions([from, to])]);
    return moved;
  }

  /** Also the entries of which only a companion is left; these first, so that none outlasts a walk that deletes. */
  async *scan(glob: string): AsyncGenerator<readonly string[]> {
    for (const companions of companionGlobs(this.prefix, this.words, glob))
      for await (const page of this.#store.scan(companions)) yield page.flatMap((key) => this.#entryOf(key));
    yield* this.#store.scan(glob);
  }

  #write(key: string, value: string, ttl: TimeToLive, kind: 'anything' | 'absent'): Promise<KeptOutcome> {
    return this.#store.writeKept(this.#keys(key), { value, ttl, grace: this.grace, over: { kind } });
  }

  #deleteCompanions(keys: readonly string[]): Promise<number> {
    const companions = (key: string): string[] => this.words.map((word) => this.#companion(word, key));
    return this.#store.deleteMany(keys.flatMap(companions));
  }

  #keys(entry: string): KeptKeys {
    const grace = this.#companion('grace', entry);
    return this.words.includes('lease')
      ? { entry, grace, lease: this.#companion('lease', entry) }
      : { entry, grace };
  }

  #companion(word: CacheCompanion, entry: string): string {
    return companionKey(this.prefix, word, entry);
  }

  /** The entry of a companion; of a key that is none nothing. */
  #entryOf(key: string): string | [] {
    for (const word of this.words) {
      const entry = entryOfCompanion(this.prefix, word, key);
      if (entry !== undefined) return entry;
    }
    return [];
  }
}
