import type { Clock } from '../../common/clock.js';
import type { TimeToLive } from '../time-to-live.js';

/** The number of entries that each write looks at, so that those which nobody reads again still go. */
const SWEPT_PER_WRITE = 4;

interface Entry<V> {
  value: V;
  /** Milliseconds since the Unix epoch; Infinity never comes. */
  expiresAt: number;
}

/** The limits of the map. */
export interface Bound<V> {
  /** The most evictable entries that there may be; the least recently used goes first. */
  readonly maxEntries: number;
  readonly evictable: (value: V) => boolean;
}

/**
 * A Map whose entries end by the clock. Expired ones are dropped when they are met and a few with every write;
 * there is no timer, so nothing keeps the process alive.
 */
export class ExpiringMap<V> {
  readonly #entries = new Map<string, Entry<V>>();
  #sweep: Iterator<[string, Entry<V>]> = this.#entries.entries();
  #evictable = 0;

  constructor(
    private readonly clock: Clock,
    private readonly bound?: Bound<V>,
  ) {}

  get(key: string): V | undefined {
    const entry = this.#live(key);
    if (entry === undefined) return undefined;
    if (this.bound !== undefined) this.#toTheEnd(key, entry);
    return entry.value;
  }

  set(key: string, value: V, ttl: TimeToLive): void {
    this.#put(key, { value, expiresAt: ttl === null ? Infinity : this.clock.now() + ttl });
  }

  /** Changes the value and leaves the expiry. */
  replace(key: string, value: V): void {
    const entry = this.#live(key);
    if (entry !== undefined) this.#put(key, { value, expiresAt: entry.expiresAt });
  }

  /** Gives an entry a new ttl. @returns whether there is such an entry */
  expire(key: string, ttl: TimeToLive): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    entry.expiresAt = ttl === null ? Infinity : this.clock.now() + ttl;
    return true;
  }

  /** Milliseconds, `null` forever, `undefined` when there is no such entry. */
  remaining(key: string): number | null | undefined {
    const entry = this.#live(key);
    if (entry === undefined) return undefined;
    return entry.expiresAt === Infinity ? null : entry.expiresAt - this.clock.now();
  }

  /** Moves an entry with its expiry; whether there was one. */
  rename(from: string, to: string): boolean {
    const entry = this.#live(from);
    if (entry === undefined) return false;
    this.#drop(from, entry);
    this.#put(to, entry);
    return true;
  }

  /** Deletes an entry. @returns whether there was a live one */
  delete(key: string): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    this.#drop(key, entry);
    return true;
  }

  has(key: string): boolean {
    return this.#live(key) !== undefined;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  clear(): void {
    this.#entries.clear();
    this.#evictable = 0;
  }

  /** The number of entries, expired ones that nobody has met yet included. */
  get size(): number {
    return this.#entries.size;
  }

  #live(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAt > this.clock.now()) return entry;
    this.#drop(key, entry);
    return undefined;
  }

  #put(key: string, entry: Entry<V>): void {
    const before = this.#entries.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#entries.set(key, entry);
    if (this.bound?.evictable(entry.value) === true) this.#evictable++;
    this.#sweepSome();
    this.#evict();
  }

  #drop(key: string, entry: Entry<V>): void {
    if (this.#entries.delete(key) && this.bound?.evictable(entry.value) === true) this.#evictable--;
  }

  #toTheEnd(key: string, entry: Entry<V>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  #sweepSome(): void {
    for (let count = 0; count < SWEPT_PER_WRITE; count++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = this.#entries.entries();
        return;
      }
      const [key, entry] = next.value;
      if (entry.expiresAt <= this.clock.now()) this.#drop(key, entry);
    }
  }

  /** A Map keeps the order of insertion, so its first evictable entry is the least recently used. */
  #evict(): void {
    if (this.bound === undefined || this.#evictable <= this.bound.maxEntries) return;
    for (const [key, entry] of this.#entries) {
      if (this.bound.evictable(entry.value)) {
        this.#drop(key, entry);
        return;
      }
      this.#toTheEnd(key, entry);
    }
  }
}
