import { layOver, type SessionData, setEntry } from '../wire/session-data.js';
import { addEntry, numberIn } from './session-counter.js';

/** The entries that were changed since the stored text was read or written, and the kind of each change. */
export class SessionChanges {
  /** The names that were set, deleted or added to. */
  readonly names = new Set<string>();
  /** The sums added to numbers that were not set; most requests add nothing. */
  #added: Map<string, number> | undefined;

  set(name: string): void {
    this.names.add(name);
    this.#added?.delete(name);
  }

  add(name: string, by: number): void {
    if (!this.#isSet(name)) this.#addTo(name, by);
    this.names.add(name);
  }

  /** Puts changes before these, which a save failed to write. */
  putBefore(earlier: SessionChanges): void {
    for (const [name, by] of earlier.#added ?? []) if (!this.#isSet(name)) this.#addTo(name, by);
    for (const name of earlier.names) this.names.add(name);
  }

  /** Lays these and further entries of one state over another; what was added is added to the number there. */
  layOver(below: SessionData, own: SessionData, further: readonly string[] = []): void {
    const counted = [...(this.#added ?? [])].map(([name, by]) => [name, numberIn(below, name), by] as const);
    layOver(below, [...further, ...this.names], own);
    for (const [name, newest, by] of counted)
      if (newest !== undefined) {
        setEntry(below, name, newest);
        addEntry(below, name, by);
      }
  }

  #isSet(name: string): boolean {
    return this.names.has(name) && this.#added?.has(name) !== true;
  }

  #addTo(name: string, by: number): void {
    this.#added ??= new Map();
    this.#added.set(name, (this.#added.get(name) ?? 0) + by);
  }
}
