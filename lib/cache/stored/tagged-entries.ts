import type {
  Claim,
  Grace,
  KeptKeys,
  KeptOutcome,
  KeptWrite,
  Look,
  LookOptions,
  Tagged,
} from '../../store/kept-entry.js';
import type { CacheCompanion } from '../../store/companion-key.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import { bareText, isMarked } from '../../store/tagged-text.js';
import type { TimeToLive } from '../../store/time-to-live.js';
import { areSame, type Read, readAs, type Tags, type Tokens } from '../tags/tags.js';
import { EntriesWithCompanions } from './entries-with-companions.js';
import type { DeadEntry, Found } from './stored-entries.js';

/** A text as it stands, and what its tags are. */
interface Stored extends Tagged {
  readonly text: string;
}

/**
 * Entries with tags. One is valid while each token that its companion names stands. Since the tokens lie in other Cluster
 * slots than the entry, they are read beside it or after it, and what is dead is replaced by a comparison: with the
 * companion that was found dead, never because nothing would be there.
 */
export class TaggedEntries extends EntriesWithCompanions {
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #store: KeyValueStore;

  constructor(
    store: KeyValueStore,
    prefix: string,
    grace: Grace,
    words: readonly [CacheCompanion, ...CacheCompanion[]],
    override readonly tags: Tags,
  ) {
    super(store, prefix, grace, words, tags);
    this.#store = store;
  }

  override async get(key: string): Promise<string | null> {
    const [text = null] = await this.textsOf([key]);
    return text;
  }

  /** Also the keys of tags that are likely to be needed are read in the same round trip. */
  override async textsOf(
    keys: readonly string[],
    tagKeys: readonly string[] = [],
  ): Promise<(string | null)[]> {
    const { stored, read } = await this.#read(keys, tagKeys);
    const tied = stored.map((each) => this.#tieOf(each));
    const all = await this.#readRest(tied, read);
    return stored.map((each, i) => (each !== undefined && holds(tied[i], all) ? each.text : null));
  }

  override async has(key: string): Promise<boolean> {
    return (await this.remaining(key)) !== undefined;
  }

  override async remaining(key: string): Promise<number | null | undefined> {
    const found = await this.#store.inspectKept(this.keysOf(key));
    return found !== undefined && (await this.stands(found)) ? found.remaining : undefined;
  }

  override async look(key: string, options: LookOptions, tagKeys: readonly string[] = []): Promise<Found> {
    if (options.ahead !== undefined) return await this.#lookUp(key, options, tagKeys);
    const { stored, read } = await this.#read([key], tagKeys);
    const [found] = stored;
    if (found !== undefined)
      return await this.#judge(key, options, { state: 'stands', nonce: '', isDue: false, ...found }, read);
    return this.#needsScript(options) ? await this.#lookUp(key, options, tagKeys) : { state: 'missing' };
  }

  override async lookAgain(
    key: string,
    options: LookOptions,
    tagKeys: readonly string[] = [],
  ): Promise<Found> {
    return this.#needsScript(options)
      ? await this.#lookUp(key, options, tagKeys)
      : await this.look(key, options, tagKeys);
  }

  /** A value that another process has stored in the meantime may be invalid. The finder then keeps its own. */
  override async publish(key: string, write: KeptWrite, tokens?: Tokens): Promise<KeptOutcome> {
    const written = await super.publish(key, { ...write, tokens: this.tokensText(tokens) });
    return written.outcome === 'stands' && written.tokens !== undefined ? { outcome: 'changed' } : written;
  }

  override async setIfAbsent(key: string, text: string, ttl: TimeToLive, tokens?: Tokens): Promise<boolean> {
    const write = { value: text, ttl, grace: this.grace, tokens: this.tokensText(tokens) };
    let over: KeptWrite['over'] = { kind: 'absent' };
    for (;;) {
      const found = await this.#store.writeKept(this.keysOf(key), { ...write, over });
      if (found.outcome === 'stored') return true;
      if (found.outcome === 'changed') over = { kind: 'absent' };
      else if (await this.stands(found)) return false;
      else over = { kind: 'dead', tokens: found.tokens ?? '', text: found.current };
    }
  }

  override async rename(from: string, to: string): Promise<boolean> {
    return (await this.has(from)) && (await super.rename(from, to));
  }

  protected override keysOf(entry: string): KeptKeys {
    return {
      ...super.keysOf(entry),
      lease: this.companion('lease', entry),
      tokens: this.companion('tokens', entry),
    };
  }

  /** True if a missing entry may have left something, or the call wants a lease. */
  #needsScript({ claim }: LookOptions): boolean {
    return this.grace !== null || claim !== undefined;
  }

  async #lookUp(key: string, options: LookOptions, tagKeys: readonly string[]): Promise<Found> {
    const [look, read] = await Promise.all([
      this.#store.lookUpKept(this.keysOf(key), options),
      this.tags.read(tagKeys),
    ]);
    return await this.#judge(key, options, look, read);
  }

  async #judge(key: string, options: LookOptions, look: Look, read: Read): Promise<Found> {
    if (look.state === 'missing' || look.text === null || look.tokens === undefined) return look;
    const tie = this.#tieOf(look);
    if (holds(tie, await this.#readRest([tie], read))) return look;
    if (look.state === 'stale') return { ...look, text: null };
    const dead = { state: 'dead', tokens: look.tokens, text: look.text } as const;
    return options.claim === undefined ? dead : await this.#claimed(key, options, options.claim, dead);
  }

  /**
   * The look took a dead entry for one that stands. The caller who takes the lease now sees whether another has
   * replaced it meanwhile.
   */
  async #claimed(key: string, options: LookOptions, claim: Claim, dead: DeadEntry): Promise<Found> {
    const lease = this.companion('lease', key);
    const [holder, now] = await Promise.all([
      this.#store.setIfAbsentOrGet(lease, claim.token, claim.ms),
      this.#store.inspectKept(this.keysOf(key)),
    ]);
    if (now?.tokens === dead.tokens) return { ...dead, holder: holder ?? claim.token };
    if (holder === null) await this.#store.compareAndDelete(lease, claim.token);
    return await this.lookAgain(key, options);
  }

  async #read(
    keys: readonly string[],
    tagKeys: readonly string[],
  ): Promise<{ stored: (Stored | undefined)[]; read: Read }> {
    const pairs = keys.flatMap((key) => [key, this.companion('tokens', key)]);
    const texts = await this.#store.getMany([...pairs, ...tagKeys]);
    const stored = keys.map((_, i) => storedAs(texts[2 * i] ?? null, texts[2 * i + 1] ?? null));
    return { stored, read: readAs(tagKeys, texts, pairs.length) };
  }

  #tieOf(found: Tagged | undefined): Tie {
    return found?.tokens === undefined ? 'nothing' : (this.tokensOf(found) ?? 'unknown');
  }

  /** Reads the keys of all tags that were not read before. */
  async #readRest(ties: readonly Tie[], read: Read): Promise<Read> {
    const missing = new Set<string>();
    for (const tie of ties)
      if (typeof tie === 'object') for (const key of tie.keys()) if (!read.has(key)) missing.add(key);
    return missing.size === 0 ? read : new Map([...read, ...(await this.tags.read([...missing]))]);
  }
}

/** The tokens that a text is tied to; `unknown` if its companion is missing or another program has written it. */
type Tie = Tokens | 'nothing' | 'unknown';

const holds = (tie: Tie | undefined, read: Read): boolean =>
  typeof tie === 'object' ? areSame(tie, read) : tie === 'nothing';

const storedAs = (text: string | null, tokens: string | null): Stored | undefined => {
  if (text === null) return undefined;
  return isMarked(text) ? { text: bareText(text), tokens: tokens ?? '' } : { text };
};
