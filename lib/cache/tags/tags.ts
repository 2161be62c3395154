import type { Grace } from '../../store/kept-entry.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { TimeToLive } from '../../store/time-to-live.js';

/** Under the Redis keys of tags the tokens that an entry is tied to. While they stand, it is valid. */
export type Tokens = ReadonlyMap<string, string>;

/** The texts of keys when they were read. */
export type Read = ReadonlyMap<string, string | null>;

/** So much longer than the entries that are tied to them tokens last, in milliseconds: a token that is lost costs entries. */
const OUTLIVES_MS = 120_000;

/**
 * The tags of a cache. Each is a key with a random token; to invalidate what carries it, the key is deleted. The next who
 * needs one draws another.
 */
export class Tags {
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #store: Pick<KeyValueStore, 'getMany' | 'takeTokens' | 'deleteInOrder'>;
  readonly #prefix: string;
  /** Its token goes whenever a tag is invalidated, and before it. */
  readonly epoch: string;

  constructor(store: Pick<KeyValueStore, 'getMany' | 'takeTokens' | 'deleteInOrder'>, keyPrefix: string) {
    this.#store = store;
    this.#prefix = `${keyPrefix}:tag:`;
    this.epoch = `${keyPrefix}:epoch`;
  }

  /** The Redis keys of tags, each once. */
  keysOf(tags: readonly string[]): string[] {
    return [...new Set(tags)].map((tag) => this.#prefix + tag);
  }

  /** The tokens under these keys, drawn where there are none. They last for longer than `ttl`. */
  async take(keys: readonly string[], ttl: TimeToLive): Promise<Tokens> {
    const tokens = await this.#store.takeTokens(keys, ttl === null ? null : ttl + OUTLIVES_MS);
    return new Map(keys.map((key, i) => [key, tokens[i] ?? '']));
  }

  /** True if these tokens are current. */
  async stand(tokens: Tokens): Promise<boolean> {
    return areSame(tokens, await this.read([...tokens.keys()]));
  }

  /** The current texts of these keys. */
  async read(keys: readonly string[]): Promise<Read> {
    return readAs(keys, await this.#store.getMany(keys));
  }

  /** From now on no entry is valid that carries one of these tags. */
  async invalidate(tags: readonly string[]): Promise<void> {
    if (tags.length > 0) await this.#store.deleteInOrder(this.epoch, this.keysOf(tags));
  }

  /**
   * The text of an entry's companion `tokens`.
   *
   * @param nonce tells this write from every other
   */
  textOf(tokens: Tokens, nonce: string): string {
    const byTag = [...tokens].map(([key, token]) => [key.slice(this.#prefix.length), token]);
    return JSON.stringify({ n: nonce, t: Object.fromEntries(byTag) as unknown });
  }

  /** The tokens that a companion names; `undefined` for a text of somebody else. */
  parse(text: string): Tokens | undefined {
    try {
      const { t } = JSON.parse(text) as { t: Record<string, string> };
      const tokens = new Map<string, string>();
      for (const [tag, token] of Object.entries(t)) tokens.set(this.#prefix + tag, token);
      return tokens.size === 0 ? undefined : tokens;
    } catch {
      return undefined;
    }
  }
}

/** The texts of keys as they were read. @param from the place of the first of these texts */
export const readAs = (keys: readonly string[], texts: readonly (string | null)[], from = 0): Read => {
  const read = new Map<string, string | null>();
  for (const [i, key] of keys.entries()) read.set(key, texts[from + i] ?? null);
  return read;
};

/** The time for which the tokens of an entry are needed, including what `grace` keeps of it. */
export const lifeOf = (ttl: TimeToLive, grace: Grace): TimeToLive =>
  ttl === null ? null : ttl + (grace ?? 0);

/** True if tokens are those that were read. */
export const areSame = (tokens: Tokens, read: Read): boolean => {
  for (const [key, token] of tokens) if (read.get(key) !== token) return false;
  return true;
};
