import type { KeyvStoreAdapter } from 'keyv';
import type { CacheService } from '../cache/cache.service.js';
import { escapeGlob } from '../common/glob.js';

/** The object that Keyv passes and takes back if it serialises nothing itself. */
interface Kept {
  readonly value: unknown;
}

/** The storage of a Keyv that serialises nothing itself. It ends no connection: that is the module's. */
export class KeyvStore implements KeyvStoreAdapter {
  readonly opts = {};
  /** Set by Keyv, which puts it before the keys as well. */
  namespace: string | undefined;
  readonly #cache: CacheService;

  constructor(cache: CacheService) {
    this.#cache = cache;
  }

  /** Keyv listens for errors; here each rejects its call. */
  on(): this {
    return this;
  }

  async get(key: string): Promise<never> {
    return kept(await this.#cache.get(key)) as never;
  }

  async getMany(keys: string[]): Promise<never[]> {
    const values = await this.#cache.getMany(keys);
    return keys.map((key) => kept(values.get(key)) as never);
  }

  /** @param ttl milliseconds; Keyv makes none of 0 */
  async set(key: string, { value }: Kept, ttl?: number): Promise<void> {
    await this.#cache.set(key, value, ttl === undefined ? undefined : ttl / 1000);
  }

  has(key: string): Promise<boolean> {
    return this.#cache.has(key);
  }

  hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.#cache.has(key)));
  }

  delete(key: string): Promise<boolean> {
    return this.#cache.delete(key);
  }

  /** Deletes many keys. @returns whether any of them was there */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await this.#cache.deleteMany(keys)) > 0;
  }

  async clear(): Promise<void> {
    if (this.namespace === undefined) await this.#cache.clear();
    else await this.#cache.deletePattern(`${escapeGlob(this.namespace)}:*`);
  }
}

/** A stored `null` is a value. */
const kept = (value: unknown): Kept | undefined => (value === undefined ? undefined : { value });
