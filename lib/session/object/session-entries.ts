import type { DecodedSession } from '../wire/session-codec.js';
import { getEntry, type SessionData, setEntry } from '../wire/session-data.js';
import { SessionChanges } from './session-changes.js';
import { addEntry } from './session-counter.js';
import { isOwnEntry } from './session-user.js';

/** The entries as they were when a save of them began. */
export interface EntriesInSave {
  readonly data: SessionData;
  readonly json: string;
  readonly text: string | null;
  readonly changes: SessionChanges;
  readonly isModified: boolean;
  readonly isReplacing: boolean;
}

/** Reads the contents of a stored text; `undefined` when its session has ended by itself. */
export type ReadText = (text: string) => DecodedSession | undefined;

/**
 * The entries of a session: what was loaded, and what was done to it since.
 *
 * A stored text is decoded when an entry is first touched, so that a session nobody uses costs its one GET only.
 */
export class SessionEntries {
  #text: string | null = null;
  #decoded: DecodedSession | undefined;
  #changes = new SessionChanges();
  #isModified = false;
  #isReplacing = false;
  #isExposed = false;
  #isUnreadable = false;

  constructor(private readonly read: ReadText) {}

  /** The text that stands in the store as far as is known, `null` when nothing does. */
  get text(): string | null {
    return this.#text;
  }

  get data(): SessionData {
    return this.decode().data;
  }

  /** The JSON of the entries as they were stored. */
  get json(): string {
    return this.decode().json;
  }

  /**
   * The time at which the stored text was signed, in milliseconds since the epoch; `undefined` if there is none that
   * can be read.
   */
  get savedAt(): number | undefined {
    return this.decode().savedAt;
  }

  /** True if any was set or deleted. */
  get isModified(): boolean {
    return this.#isModified;
  }

  /** True if they replace the entries of other requests instead of being merged into them. */
  get isReplacing(): boolean {
    return this.#isReplacing;
  }

  /** True if an object was handed out, which may have been changed inside. */
  get isExposed(): boolean {
    return this.#isExposed;
  }

  /** True if the stored text could not be read. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  /** Takes what stands in the store. */
  take(text: string | null): void {
    this.#text = text;
    this.#decoded = undefined;
  }

  /** Gives up what was loaded and what was done to it. */
  forget(): void {
    this.take(null);
    this.#changes = new SessionChanges();
    this.#isModified = this.#isReplacing = this.#isExposed = this.#isUnreadable = false;
  }

  /** Decodes the stored text: it may be found to have ended. */
  decode(): DecodedSession {
    return (this.#decoded ??= this.#readText());
  }

  /** For somebody who may change objects inside of them. */
  expose(): SessionData {
    this.#isExposed = true;
    return this.data;
  }

  /** Names and values but this module's own. */
  list(): [string, unknown][] {
    return Object.entries(this.expose()).filter(([name]) => !isOwnEntry(name));
  }

  get(name: string): unknown {
    return this.#handOut(getEntry(this.data, name));
  }

  set(name: string, value: unknown): void {
    setEntry(this.data, name, value);
    this.note(name);
    this.#handOut(value);
  }

  /** Adds to a number, which adds to the number of any other request as well. */
  add(name: string, by: number): number {
    const sum = addEntry(this.data, name, by);
    this.#changes.add(name, by);
    this.#isModified = true;
    return sum;
  }

  /** Deletes an entry. @returns whether there was one */
  delete(name: string): boolean {
    if (!Object.hasOwn(this.data, name)) return false;
    Reflect.deleteProperty(this.data, name);
    this.note(name);
    return true;
  }

  /** Takes an entry for changed. */
  note(name: string): void {
    this.#changes.set(name);
    this.#isModified = true;
  }

  /** Removes all entries, also those that other requests set in the meantime. */
  clear(): void {
    const { savedAt } = this;
    this.#decoded = { ...NOTHING(), ...(savedAt !== undefined && { savedAt }) };
    this.#changes = new SessionChanges();
    this.#isModified = this.#isReplacing = true;
  }

  /** Has others stand in their place, each of them changed. */
  replaceWith(data: SessionData): void {
    this.#text = null;
    this.#decoded = { data, json: '{}' };
    for (const name of Object.keys(data)) this.note(name);
  }

  /** Begins a save. A change after this belongs to a later save. */
  beginSave(): EntriesInSave {
    const { data, json, text, isModified, isReplacing } = this;
    const save = { data, json, text, changes: this.#changes, isModified, isReplacing };
    this.#isModified = this.#isReplacing = false;
    this.#changes = new SessionChanges();
    return save;
  }

  /** The changes of a save that failed are still to be saved. */
  failSave(save: EntriesInSave): void {
    this.#isModified ||= save.isModified;
    this.#isReplacing ||= save.isReplacing;
    this.#changes.putBefore(save.changes);
  }

  /** Goes on from what a save has written. */
  endSave(saved: DecodedSession & { readonly text: string }): void {
    const now = this.data;
    const isChangedMeanwhile = now !== saved.data && !this.#isReplacing;
    if (isChangedMeanwhile) this.#changes.layOver(saved.data, now);
    this.#isUnreadable = false;
    this.#text = saved.text;
    this.#decoded = { data: this.#isReplacing ? now : saved.data, json: saved.json };
  }

  #handOut<T>(value: T): T {
    if (typeof value === 'object') this.#isExposed = true;
    return value;
  }

  #readText(): DecodedSession {
    if (this.#text === null) return NOTHING();
    const read = this.read(this.#text);
    this.#isUnreadable = read?.problem !== undefined;
    if (read === undefined) this.#text = null;
    return read ?? NOTHING();
  }
}

const NOTHING = (): DecodedSession => ({ data: {}, json: '{}' });
