import { ignore } from '../../common/ignore.js';
import {
  type CacheCompanion,
  companionGlobs,
  companionKey,
  entryOfCompanion,
} from '../../store/companion-key.js';
import {
  drawNonce,
  type Grace,
  type KeptKeys,
  type KeptOutcome,
  type KeptWrite,
  type LookOptions,
  type NotAsTagged,
  type Tagged,
} from '../../store/kept-entry.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { IncrementOutcome } from '../../store/outcomes.js';
import type { TimeToLive } from '../../store/time-to-live.js';
import { MOST_AT_ONCE } from '../at-once.js';
import { Lease } from '../lease.js';
import { areSame, lifeOf, type Tags, type Tokens } from '../tags/tags.js';
import type { Found, StoredEntries } from './stored-entries.js';

/** Entries with companions. Companions go before their entries: a run publishes only while they are there. */
export class EntriesWithCompanions implements StoredEntries {
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
    readonly tags?: Tags,
  ) {
    this.#store = store;
  }

  lease(key: string, ms: number): Lease | undefined {
    return this.words.includes('lease')
      ? new Lease(this.#store, this.companion('lease', key), ms)
      : undefined;
  }

  get(key: string): Promise<string | null> {
    return this.#store.get(key);
  }

  has(key: string): Promise<boolean> {
    return this.#store.has(key);
  }

  remaining(key: string): Promise<number | null | undefined> {
    return this.#store.remaining(key);
  }

  /** A hit costs a GET, since that is what most calls are; the script for the rest costs Redis several times as much. */
  async look(key: string, options: LookOptions): Promise<Found> {
    if (options.ahead === undefined) {
      const text = await this.#store.get(key);
      if (text !== null) return { state: 'stands', text, nonce: '', isDue: false };
    }
    return await this.lookAgain(key, options);
  }

  lookAgain(key: string, options: LookOptions): Promise<Found> {
    return this.#store.lookUpKept(this.keysOf(key), options);
  }

  textsOf(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#store.getMany(keys);
  }

  publish(key: string, write: KeptWrite): Promise<KeptOutcome> {
    return this.#store.writeKept(this.keysOf(key), write);
  }

  async set(key: string, text: string, ttl: TimeToLive, tokens?: Tokens): Promise<void> {
    await this.#write(key, text, ttl, 'anything', tokens);
  }

  async setMany(
    entries: readonly (readonly [key: string, text: string])[],
    ttl: TimeToLive,
    tokens?: Tokens,
  ): Promise<void> {
    // one after the other, so that nothing is sent any more once the caller was told of a failure
    for (let start = 0; start < entries.length; start += MOST_AT_ONCE)
      await Promise.all(
        entries
          .slice(start, start + MOST_AT_ONCE)
          .map(([key, text]) => this.#write(key, text, ttl, 'anything', tokens)),
      );
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
    const keys = this.keysOf(key);
    return this.whileValid<boolean>((tokens) => this.#store.expireKept(keys, ttl, tokens), false, ttl);
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    const keys = this.keysOf(key);
    return this.whileValid<IncrementOutcome>(
      (tokens) => this.#store.incrementKept(keys, delta, this.grace, tokens),
      { outcome: 'missing' },
    );
  }

  /** Again afterwards, since a run may have published before the entry left, and of what stood at `to`. */
  async rename(from: string, to: string): Promise<boolean> {
    const words = this.words.filter((word) => word !== 'tokens');
    const tokens = [this.companion('tokens', from), this.companion('tokens', to)] as const;
    const before = this.#deleteCompanions([from, to], words);
    // a failure is awaited below; until then it must not count as unhandled
    before.catch(ignore);
    const moved = await this.#store.rename(from, to, this.words.includes('tokens') ? tokens : undefined);
    await Promise.all([before, this.#deleteCompanions([from, to], words)]);
    return moved;
  }

  /** Also the entries of which only a companion is left; these first, so that none outlasts a walk that deletes. */
  async *scan(glob: string): AsyncGenerator<readonly string[]> {
    for (const companions of companionGlobs(this.prefix, this.words, glob))
      for await (const page of this.#store.scan(companions)) yield page.flatMap((key) => this.#entryOf(key));
    yield* this.#store.scan(glob);
  }

  /**
   * Does what is to be done with an entry only while it is valid; a dead one is as good as none.
   *
   * @param attempt is given the tokens that the entry has
   * @param absent what comes of it where there is no valid entry
   * @param ttl how long the entry is to be valid from now on, where that changes
   */
  protected async whileValid<T>(
    attempt: (tokens?: string) => Promise<T | NotAsTagged>,
    absent: T,
    ttl?: TimeToLive,
  ): Promise<T> {
    let tokens: string | undefined;
    for (;;) {
      const found = await attempt(tokens);
      if (!isNotAsTagged(found)) return found;
      if (!(await this.stands(found, ttl))) return absent;
      tokens = found.tokens;
    }
  }

  /** True if an entry is valid. If a ttl is given, its tokens last for as long from now on. */
  protected async stands(found: Tagged, ttl?: TimeToLive): Promise<boolean> {
    if (found.tokens === undefined || this.tags === undefined) return true;
    const tokens = this.tokensOf(found);
    if (tokens === undefined) return false;
    if (ttl === undefined) return await this.tags.stand(tokens);
    return areSame(tokens, await this.tags.take([...tokens.keys()], lifeOf(ttl, this.grace)));
  }

  protected tokensOf(found: Tagged | undefined): Tokens | undefined {
    return found?.tokens === undefined || found.tokens === '' ? undefined : this.tags?.parse(found.tokens);
  }

  /** The text of the companion `tokens`. */
  protected tokensText(tokens: Tokens | undefined): string | undefined {
    return tokens === undefined || tokens.size === 0 ? undefined : this.tags?.textOf(tokens, drawNonce());
  }

  #write(
    key: string,
    value: string,
    ttl: TimeToLive,
    kind: 'anything' | 'absent',
    tokens?: Tokens,
  ): Promise<KeptOutcome> {
    const write = { value, ttl, grace: this.grace, over: { kind }, tokens: this.tokensText(tokens) };
    return this.#store.writeKept(this.keysOf(key), write);
  }

  #deleteCompanions(keys: readonly string[], words: readonly CacheCompanion[] = this.words): Promise<number> {
    const companions = (key: string): string[] => words.map((word) => this.companion(word, key));
    return this.#store.deleteMany(keys.flatMap(companions));
  }

  protected keysOf(entry: string): KeptKeys {
    const grace = this.companion('grace', entry);
    return this.words.includes('lease')
      ? { entry, grace, lease: this.companion('lease', entry) }
      : { entry, grace };
  }

  protected companion(word: CacheCompanion, entry: string): string {
    return companionKey(this.prefix, word, entry);
  }

  /** The entry of a companion; nothing if the key is not a companion's. */
  #entryOf(key: string): string | [] {
    for (const word of this.words) {
      const entry = entryOfCompanion(this.prefix, word, key);
      if (entry !== undefined) return entry;
    }
    return [];
  }
}

const isNotAsTagged = (found: unknown): found is NotAsTagged =>
  typeof found === 'object' && found !== null && 'outcome' in found && found.outcome === 'tagged';
