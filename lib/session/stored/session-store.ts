import type { CompareOutcome, KeyValueStore } from '../../store/key-value-store.js';

/** The sessions of a store, by their keys. A ttl is in milliseconds; one under 1 leaves nothing behind. */
export class SessionStore {
  /** @param prefix what stands before a session's key: `{projectName}:{keyPrefix}:` */
  constructor(
    private readonly store: KeyValueStore,
    private readonly prefix: string,
  ) {}

  /** `null` when there is no such session. */
  read(key: string): Promise<string | null> {
    return this.store.get(this.prefix + key);
  }

  exists(key: string): Promise<boolean> {
    return this.store.has(this.prefix + key);
  }

  /** Whether the key was free. */
  async insert(key: string, text: string, ttl: number): Promise<boolean> {
    return ttl < 1 || this.store.setIfAbsent(this.prefix + key, text, ttl);
  }

  async overwrite(key: string, text: string, ttl: number): Promise<void> {
    if (ttl < 1) await this.remove(key);
    else await this.store.set(this.prefix + key, text, ttl);
  }

  /** Replaces the text while it is `expected`; never creates a session. */
  replace(key: string, expected: string, text: string, ttl: number): Promise<CompareOutcome> {
    return ttl < 1
      ? this.removeUnchanged(key, expected)
      : this.store.compareAndSet(this.prefix + key, expected, text, ttl);
  }

  removeUnchanged(key: string, expected: string): Promise<CompareOutcome> {
    return this.store.compareAndDelete(this.prefix + key, expected);
  }

  /** Whether there was one. */
  remove(key: string): Promise<boolean> {
    return this.store.delete(this.prefix + key);
  }

  /** Whether there was one to extend. */
  extend(key: string, ttl: number): Promise<boolean> {
    return ttl < 1 ? this.remove(key) : this.store.expire(this.prefix + key, ttl);
  }
}
