// Speed only (session write on Fastify: 3.8 instead of 13 µs of collections a request; getOrSet hits: 1.0 instead of
// 2.1 µs): without this file all tests pass but its own.

/** Fewer deletions are not worth a new table. */
const MIN_DELETIONS = 64;

/**
 * A map of what is in flight: entries come and go with every call.
 *
 * V8 links the table that a Map has outgrown to its successor. As soon as one such table counts as old, all later ones
 * and what they held outlive the collections of young objects, so this begins a new Map before that happens.
 */
export class TransientMap<K, V> {
  #entries = new Map<K, V>();
  #deletions = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    if (!this.#entries.delete(key)) return;
    this.#deletions++;
    if (this.#deletions < MIN_DELETIONS || this.#deletions < this.#entries.size) return;
    this.#entries = new Map(this.#entries);
    this.#deletions = 0;
  }

  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }
}
