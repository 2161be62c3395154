import type { KeptOutcome, KeptWrite, Look } from '../../store/kept-entry.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { CompareOutcome, IncrementOutcome } from '../../store/outcomes.js';
import type { TimeToLive } from '../../store/time-to-live.js';
import type { StoredEntries } from './stored-entries.js';

/** Entries alone: every call is one of the store. */
export class PlainEntries implements StoredEntries {
  readonly grace = null;
  readonly tags = undefined;
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #store: KeyValueStore;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  lease(): undefined {
    return undefined;
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

  async look(key: string): Promise<Look> {
    const text = await this.#store.get(key);
    return text === null ? MISSING : { state: 'stands', text, nonce: '', isDue: false };
  }

  lookAgain(): Promise<Look> {
    return Promise.resolve(MISSING);
  }

  textsOf(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#store.getMany(keys);
  }

  async publish(key: string, { value, ttl, over }: KeptWrite): Promise<KeptOutcome> {
    if (value === null) return CHANGED;
    if (over.kind === 'standing')
      return outcomeOf(await this.#store.compareAndSet(key, over.text, value, ttl));
    const current = await this.#store.setIfAbsentOrGet(key, value, ttl);
    return current === null ? STORED : { outcome: 'stands', current };
  }

  set(key: string, text: string, ttl: TimeToLive): Promise<void> {
    return this.#store.set(key, text, ttl);
  }

  setMany(entries: readonly (readonly [key: string, text: string])[], ttl: TimeToLive): Promise<void> {
    return this.#store.setMany(entries, ttl);
  }

  setIfAbsent(key: string, text: string, ttl: TimeToLive): Promise<boolean> {
    return this.#store.setIfAbsent(key, text, ttl);
  }

  delete(key: string): Promise<boolean> {
    return this.#store.delete(key);
  }

  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#store.deleteMany(keys);
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    return this.#store.expire(key, ttl);
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#store.incrementIfPresent(key, delta);
  }

  rename(from: string, to: string): Promise<boolean> {
    return this.#store.rename(from, to);
  }

  scan(glob: string): AsyncIterable<readonly string[]> {
    return this.#store.scan(glob);
  }
}

const MISSING: Look = { state: 'missing' };
const STORED: KeptOutcome = { outcome: 'stored' };
const CHANGED: KeptOutcome = { outcome: 'changed' };

const outcomeOf = (compared: CompareOutcome): KeptOutcome => {
  if (compared.outcome === 'changed') return { outcome: 'stands', current: compared.current };
  return compared.outcome === 'done' ? STORED : CHANGED;
};
