import { cacheLogger } from '../../common/loggers.js';
import type { SerializationError } from '../../errors/serialization.error.js';

/** The most keys for which a warning is remembered. */
const MOST_WARNED_KEYS = 1000;

/** Warns of entries that getOrSet cannot read, once for each key. */
export class UnreadableEntries {
  readonly #warned = new Set<string>();

  warnOf(key: string, error: SerializationError): void {
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= MOST_WARNED_KEYS) this.#warned.clear();
    this.#warned.add(key);
    cacheLogger.warn(`${error.message}; getOrSet creates the entry again`);
  }
}
