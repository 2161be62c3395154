import { inspect, type InspectOptions } from 'node:util';
import { SessionStateError } from '../../errors/session.errors.js';
import type { DecodedSession } from '../wire/session-codec.js';
import type { CommitOutcome, SavedSession, SaveInProgress, SessionEffect } from './session-save.js';
import { getEntry, layOver, type SessionData, setEntry } from '../wire/session-data.js';
import type { SessionExpiryRules } from './session-expiry.js';

const STATE = Symbol('SessionState');

/** What a session asks of the service that made it. */
export interface SessionKeeper {
  readonly expiry: SessionExpiryRules;
  /** Reads a stored text; one that cannot be read gives an empty session and a warning. */
  read(text: string, key: string): DecodedSession;
  /** @throws TypeError when the value is not JSON. */
  check(name: string, value: unknown): void;
  save(session: SessionState): Promise<void>;
  flush(session: SessionState): Promise<void>;
  reload(session: SessionState): Promise<void>;
}

/** What a session asks of the request that has it, which commits it in the end and tells of what failed. */
export interface SessionRequest {
  /** Whether the response has begun to leave or the client has gone, so that nobody may be left to catch anything. */
  readonly isOver: boolean;
  /** Called when entries of a session that was never loaded are read after that. */
  warnOfLateRead(): void;
}

/**
 * What stands behind a Session: where it is stored, what was loaded and what was done to it since. It is the target
 * of the session's proxy.
 *
 * A stored text is decoded when an entry is first touched, so that a session nobody uses costs its one GET only.
 */
export class SessionState {
  accessed = false;
  modified = false;
  request: SessionRequest | undefined;
  /** Saved with the response; changes are refused from then on. */
  committed = false;
  /** Whether the next save is to move the session to a new key. */
  cycling = false;
  /** Whether the entries here replace those of other requests, rather than being laid over them. */
  replacing = false;
  /** The deletion that `flush()` began. */
  ending: Promise<void> | undefined;
  /** How often it was flushed. */
  endings = 0;
  /** The saves under way. */
  readonly saves = new Set<Promise<void>>();
  loading: Promise<void> | undefined;
  effect: SessionEffect = 'nothing';

  // what holds a key is private, so that no inspector shows it
  readonly #endingKeys = new Set<string>();
  #commitment: Promise<CommitOutcome> | undefined;
  #key: string | null;
  #loaded: boolean;
  #text: string | null = null;
  #decoded: DecodedSession | undefined;
  /** The names that were set or deleted since the stored text was read or written. */
  #touched = new Set<string>();
  #saving: SaveInProgress | undefined;
  #exposed = false;

  constructor(
    readonly keeper: SessionKeeper,
    key: string | null,
  ) {
    this.#key = key;
    this.#loaded = key === null;
  }

  get [STATE](): this {
    return this;
  }

  get key(): string | null {
    return this.#key;
  }

  /** The keys that were flushed, until they are known to be deleted. */
  get endingKeys(): Set<string> {
    return this.#endingKeys;
  }

  get isNew(): boolean {
    return this.#key === null;
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  /** The text that stands in the store as far as is known, `null` when nothing does. */
  get text(): string | null {
    return this.#text;
  }

  /** The JSON of the entries as they were stored. */
  get json(): string {
    return this.#decode().json;
  }

  get isEmpty(): boolean {
    return this.#key === null && Object.keys(this.data).length === 0;
  }

  /** The entries, without a trace of the look. */
  get data(): SessionData {
    return this.#decode().data;
  }

  /** Whether an object was handed out, which may have been changed inside. */
  get isExposed(): boolean {
    return this.#exposed;
  }

  /** Takes what the store had under the key; an unknown key is never adopted. */
  attach(text: string | null): void {
    this.#loaded = true;
    this.#text = text;
    this.#decoded = undefined;
    if (text === null) this.#key = null;
  }

  /** Decodes the stored text now rather than at the first touch. */
  decode(): void {
    this.#decode();
  }

  /** The entries for somebody who may change objects inside of them. */
  expose(): SessionData {
    this.#exposed = true;
    return this.#reading();
  }

  read(name: string): unknown {
    const value = getEntry(this.#reading(), name);
    if (typeof value === 'object') this.#exposed = true;
    return value;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#reading(), name);
  }

  names(): string[] {
    return Object.keys(this.#reading());
  }

  write(name: string, value: unknown): void {
    const data = this.#changing();
    if (typeof name !== 'string')
      throw new TypeError(`A session's entry is named by a string, not by a ${typeof name}`);
    this.keeper.check(name, value);
    setEntry(data, name, value);
    this.#touch(name);
    if (typeof value === 'object') this.#exposed = true;
  }

  /** Whether there was such an entry. */
  remove(name: string): boolean {
    const data = this.#changing();
    if (!Object.hasOwn(data, name)) return false;
    Reflect.deleteProperty(data, name);
    this.#touch(name);
    return true;
  }

  clear(): void {
    this.#changing();
    this.#become({}, '{}');
    this.#touched = new Set();
    this.modified = true;
    this.replacing = true;
  }

  requestCycle(): void {
    this.#changing();
    this.cycling = true;
  }

  /** Ends the use by a request, once. */
  commitOnce(commit: () => Promise<CommitOutcome>): Promise<CommitOutcome> {
    this.committed = true;
    return (this.#commitment ??= commit());
  }

  /** Gives up key and entries; what is set afterwards belongs to a new session. */
  end(): void {
    this.#refuseAfterCommit();
    this.endings++;
    if (this.#key !== null) this.#endingKeys.add(this.#key);
    this.#key = null;
    this.#loaded = true;
    this.#text = null;
    this.#forgetChanges();
    this.accessed = true;
  }

  /** Forgets the changes and takes what the store has now. */
  renew(text: string | null): void {
    this.#refuseAfterCommit();
    this.#forgetChanges();
    this.attach(text);
  }

  /** Begins a save: what changes from here on is a later save's. */
  beginSave(): SaveInProgress {
    const { data, json, key, text, modified, cycling, replacing } = this;
    const save = { data, json, key, text, touched: this.#touched, modified, cycling, replacing };
    this.modified = this.cycling = this.replacing = false;
    this.#touched = new Set();
    this.#saving = save;
    return save;
  }

  /** The save failed: its changes are still to be saved. */
  failSave(save: SaveInProgress): void {
    if (this.#saving !== save) return;
    this.modified ||= save.modified;
    this.cycling ||= save.cycling;
    this.replacing ||= save.replacing;
    for (const name of save.touched) this.#touched.add(name);
  }

  /**
   * The save is done.
   *
   * @returns whether the session still is the one that was saved; it was flushed or loaded again otherwise
   */
  endSave(save: SaveInProgress, saved: SavedSession): boolean {
    if (this.#saving !== save) return false;
    const now = this.data;
    const changedMeanwhile = now !== saved.data && !this.replacing;
    if (changedMeanwhile) layOver(saved.data, this.#touched, now);
    this.#key = saved.key;
    this.#text = saved.text;
    this.#become(this.replacing ? now : saved.data, saved.json);
    return true;
  }

  /** @throws SessionStateError when the session was not loaded. */
  requireLoaded(): void {
    if (!this.#loaded)
      throw new SessionStateError(
        "The session has not been loaded: session.load is 'declared' and the handler does not ask for it with @Session() " +
          'or @UseSession(), or no guard has run, as before middleware and for the exception filter of an unmatched ' +
          'route. Apply the middleware loadSession, or await SessionService.ensureLoaded(session) first',
      );
  }

  /** What console.log shows: the entries, never the key. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const state = sessionStateOf(this);
    return state.isLoaded ? inspect(state.expose(), options) : '{ not loaded }';
  }

  #forgetChanges(): void {
    this.#decoded = undefined;
    this.#touched = new Set();
    this.#saving = undefined;
    this.#exposed = false;
    this.modified = this.cycling = this.replacing = false;
  }

  #touch(name: string): void {
    this.modified = true;
    this.#touched.add(name);
  }

  #reading(): SessionData {
    if (!this.#loaded && this.request?.isOver === true) {
      this.request.warnOfLateRead();
      return {};
    }
    this.requireLoaded();
    this.accessed = true;
    return this.#decode().data;
  }

  #changing(): SessionData {
    this.#refuseAfterCommit();
    this.requireLoaded();
    return this.#reading();
  }

  #refuseAfterCommit(): void {
    if (this.committed)
      throw new SessionStateError(
        'The session was already committed with the response, this change would be lost. Change it before the ' +
          'response begins, or load it again with SessionService.load() and save it there',
      );
  }

  #decode(): DecodedSession {
    return (this.#decoded ??=
      this.#text === null || this.#key === null ? EMPTY() : this.keeper.read(this.#text, this.#key));
  }

  #become(data: SessionData, json: string): void {
    this.#decoded = { data, json };
  }
}

const EMPTY = (): DecodedSession => ({ data: {}, json: '{}' });

const findState = (session: unknown): SessionState | undefined =>
  typeof session === 'object' && session !== null
    ? (session as Partial<Record<typeof STATE, SessionState>>)[STATE]
    : undefined;

export const isSession = (value: unknown): boolean => findState(value) !== undefined;

/** The state of a Session. */
export const sessionStateOf = (session: object): SessionState => {
  const state = findState(session);
  if (state === undefined)
    throw new TypeError(
      'This is no session of the CodexRedisModule; make one with SessionService.load() or create()',
    );
  return state;
};

/** Whether the property of a session's proxy is the way to its state. */
export const isStateSymbol = (name: symbol): boolean => name === STATE;
