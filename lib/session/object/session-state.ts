import { inspect, type InspectOptions } from 'node:util';
import type { DecodedSession } from '../wire/session-codec.js';
import { type Ending, type FoundSession, type MoveKind, SessionIdentity } from './session-identity.js';
import type { CommitOutcome, SavedSession, SaveInProgress, SessionEffect } from './session-save.js';
import { getEntry, layOver, type SessionData, setEntry } from '../wire/session-data.js';
import { SessionChanges } from './session-changes.js';
import { addEntry } from './session-counter.js';
import type { SessionRequest } from './session-request.js';
import { alreadyCommitted, alreadyReplaced, notLoaded } from './session-refusals.js';
import { EXPIRY_ENTRY, type SessionExpiryRules } from './session-expiry.js';
import { bindTo, CYCLED_ENTRY, type DjangoLogin, isOwnEntry } from './session-user.js';

const STATE = Symbol('SessionState');

/** What a session asks of the service that made it. */
export interface SessionKeeper {
  readonly expiry: SessionExpiryRules;
  /** Reads a stored text; one that cannot be read gives an empty session and a warning. */
  read(text: string, key: string): DecodedSession;
  /** Told of a stored session whose own end has passed. */
  expired(key: string): void;
  /** @throws TypeError when the value is not JSON; its stack begins where `callee` was called, if given. */
  check(name: string, value: unknown, callee?: unknown): void;
  save(session: SessionState): Promise<void>;
  flush(session: SessionState): Promise<void>;
  /** What the request of a session goes on with in its place; itself where no request has it. */
  replace(session: SessionState): SessionState;
  reload(session: SessionState): Promise<void>;
}

/**
 * What stands behind a Session: where it is stored, what was loaded and what was done to it since. It is the target
 * of the session's proxy.
 *
 * A stored text is decoded when an entry is first touched, so that a session nobody uses costs its one GET only.
 */
export class SessionState {
  accessed = false;
  /** Whether its key or state was looked at, which is one visitor's as the entries are. */
  inspected = false;
  modified = false;
  request: SessionRequest | undefined;
  /** Saved with the response; changes are refused from then on. */
  committed = false;
  /** How the next save is to move the session to a new key, if it is. */
  moving: MoveKind | undefined;
  /** Whether the entries here replace those of other requests, rather than being laid over them. */
  replacing = false;
  /** The saves under way. */
  loading: Promise<void> | undefined;
  /** Why it could not be loaded; whoever touches it meets this. */
  loadFailure: Error | undefined;
  effect: SessionEffect = 'nothing';

  // what holds a key is private, so that no inspector shows it
  readonly #identity: SessionIdentity;
  #commitment: Promise<CommitOutcome> | undefined;
  #text: string | null = null;
  #decoded: DecodedSession | undefined;
  #changes = new SessionChanges();
  #saving: SaveInProgress | undefined;
  #exposed = false;
  #isUnreadable = false;
  #isReplaced = false;

  constructor(
    readonly keeper: SessionKeeper,
    key: string | null,
    identity = new SessionIdentity(key),
    /** The saves under way. */
    readonly saves = new Set<Promise<void>>(),
  ) {
    this.#identity = identity;
  }

  get [STATE](): this {
    return this;
  }

  /** Under which keys it is found and stored. */
  get identity(): SessionIdentity {
    return this.#identity;
  }

  /** What became of its flushes. */
  get ending(): Ending {
    return this.#identity.ending;
  }

  /** The key the client will have. */
  get key(): string | null {
    return this.#identity.key;
  }

  get isNew(): boolean {
    return this.#identity.stored === null;
  }

  get isLoaded(): boolean {
    return this.#identity.isLoaded;
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
    return this.isLoaded && this.isNew && Object.keys(this.data).every(isOwnEntry);
  }

  /** The entries, without a trace of the look. */
  get data(): SessionData {
    return this.#decode().data;
  }

  /** Whether an object was handed out, which may have been changed inside. */
  get isExposed(): boolean {
    return this.#exposed;
  }

  /** Takes what was found under the key; an unknown key is never adopted. */
  attach(found: FoundSession): void {
    this.#identity.attach(found);
    this.loadFailure = undefined;
    this.#text = 'text' in found ? (found.text ?? null) : null;
    this.#decoded = undefined;
  }

  /** Decodes the stored text now rather than at the first touch: it may be found to have ended. */
  decode(): this {
    this.#decode();
    return this;
  }

  /** The entries for somebody who may change objects inside of them. */
  expose(): SessionData {
    this.#exposed = true;
    return this.#reading();
  }

  /** Names and values but this module's own. */
  exposeEntries(): [string, unknown][] {
    return Object.entries(this.expose()).filter(([name]) => !isOwnEntry(name));
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
    return Object.keys(this.#reading()).filter((name) => !isOwnEntry(name));
  }

  /** @param callee the function that the application called; a refused value is its caller's */
  write(name: string, value: unknown, callee?: unknown): void {
    const data = this.#changing();
    if (typeof name !== 'string')
      throw new TypeError(`A session's entry is named by a string, not by a ${typeof name}`);
    if (value === undefined) return void this.remove(name);
    this.keeper.check(name, value, callee);
    setEntry(data, name, value);
    this.#touch(name);
    if (typeof value === 'object') this.#exposed = true;
  }

  /** Adds to a number; what other requests add meanwhile is kept. */
  increment(name: string, by: number): number {
    const data = this.#changing();
    const sum = addEntry(data, name, by);
    this.#changes.add(name, by);
    this.#noteChange();
    return sum;
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
    this.#replaceAll();
  }

  /** Moves it to a new key with the next save. */
  requestCycle(): void {
    setEntry(this.#changing(), CYCLED_ENTRY, true);
    this.#move(this.moving ?? 'cycle', [CYCLED_ENTRY]);
  }

  /** A stored text that cannot be read is not written over: the session gets a new key. */
  leaveUnreadable(): void {
    if (this.#isUnreadable && this.moving === undefined) this.#move('cycle', []);
  }

  /** Moves it to a new key with the next save, bound to a user. */
  signIn(userId: string, django: DjangoLogin | undefined): void {
    this.#changing();
    this.#goOnWithMoved();
    const { data } = this;
    const { isOfAnother, changed } = bindTo(data, userId, django);
    if (isOfAnother) {
      this.#replaceAll();
      bindTo(this.data, userId, django);
    }
    this.#move('signIn', changed);
  }

  /** Ends the use by a request, once. */
  commitOnce(commit: () => Promise<CommitOutcome>): Promise<CommitOutcome> {
    if (this.#isReplaced) return Promise.reject(alreadyReplaced());
    this.committed = true;
    return (this.#commitment ??= commit());
  }

  /** Gives up key and entries; what is set afterwards belongs to a new session. */
  end(): void {
    this.refuseAfterUse();
    this.#identity.end();
    this.#text = null;
    this.#forgetChanges();
    this.accessed = true;
  }

  /** Leaves everything but what can be read to another state, which goes on in its place. */
  handOver(): SessionState {
    const next = new SessionState(this.keeper, null, this.#identity.handOver(), this.saves);
    next.request = this.request;
    next.effect = this.effect;
    next.inspected = this.inspected;
    this.#saving = undefined;
    this.#isReplaced = true;
    return next;
  }

  /** Has what follows stored under a new key, whatever was found under the old one. */
  startAfresh(): void {
    this.#identity.startAfresh();
    this.#identity.drawFirst();
  }

  /** Forgets the changes and takes what the store has now. */
  renew(found: FoundSession): void {
    this.refuseAfterUse();
    this.#forgetChanges();
    this.attach(found);
  }

  /** Begins a save: what changes from here on is a later save's. */
  beginSave(): SaveInProgress {
    const { data, json, text, modified, moving, replacing } = this;
    const { drawn } = this.#identity;
    const changes = this.#changes;
    const save = { data, json, drawn, text, changes, modified, moving, replacing };
    this.modified = this.replacing = false;
    this.moving = undefined;
    this.#changes = new SessionChanges();
    this.#saving = save;
    return save;
  }

  /** The save failed: its changes are still to be saved. */
  failSave(save: SaveInProgress): void {
    if (this.#saving !== save) return;
    this.modified ||= save.modified;
    this.moving ??= save.moving;
    this.replacing ||= save.replacing;
    this.#identity.redraw(save.drawn);
    this.#changes.putBefore(save.changes);
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
    if (changedMeanwhile) this.#changes.layOver(saved.data, now);
    this.#identity.settle(saved.key);
    this.#isUnreadable = false;
    this.#text = saved.text;
    this.#decoded = { data: this.replacing ? now : saved.data, json: saved.json };
    return true;
  }

  /** @throws what loading it failed with, SessionStateError when nothing has loaded it. */
  requireLoaded(): void {
    if (!this.isLoaded) throw this.loadFailure ?? notLoaded(this.request?.notLoaded);
  }

  /** What console.log shows: the entries, never the key. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const state = sessionStateOf(this);
    return state.isLoaded ? inspect(Object.fromEntries(state.exposeEntries()), options) : '{ not loaded }';
  }

  #forgetChanges(): void {
    this.#decoded = undefined;
    this.#changes = new SessionChanges();
    this.#saving = undefined;
    this.#exposed = false;
    this.modified = this.replacing = false;
    this.moving = undefined;
    this.#isUnreadable = false;
  }

  #touch(name: string): void {
    this.#changes.set(name);
    this.#noteChange();
  }

  #noteChange(): void {
    this.modified = true;
    this.#identity.drawFirst();
    this.leaveUnreadable();
  }

  #replaceAll(): void {
    this.#decoded = EMPTY();
    this.#changes = new SessionChanges();
    this.modified = true;
    this.replacing = true;
    this.leaveUnreadable();
  }

  #move(kind: MoveKind, changed: readonly string[]): void {
    if (this.moving === undefined) this.#identity.draw();
    this.moving = kind;
    this.#identity.startAfresh();
    for (const name of changed) this.#touch(name);
  }

  /** The entries a visitor had when another request signed in are those of this sign-in, too. */
  #goOnWithMoved(): void {
    const { forksFrom } = this.#identity;
    if (forksFrom === null || this.#text === null) return;
    const { data } = this.keeper.read(this.#text, forksFrom);
    this.#text = null;
    layOver(data, Object.keys(this.data), this.data);
    this.#decoded = { data, json: '{}' };
    for (const name of Object.keys(data)) this.#touch(name);
  }

  #reading(): SessionData {
    if (!this.isLoaded && this.request?.isOver === true) {
      this.request.warnOfLateRead();
      return {};
    }
    this.requireLoaded();
    this.accessed = true;
    return this.#decode().data;
  }

  #changing(): SessionData {
    this.refuseAfterUse();
    this.requireLoaded();
    return this.#reading();
  }

  /** @throws SessionStateError when what is changed from here on would be lost. */
  refuseAfterUse(): void {
    if (this.#isReplaced) throw alreadyReplaced();
    if (this.committed) throw alreadyCommitted();
  }

  #decode(): DecodedSession {
    return (this.#decoded ??= this.#read());
  }

  #read(): DecodedSession {
    const { stored } = this.#identity;
    if (this.#text === null || stored === null) return EMPTY();
    const read = this.keeper.read(this.#text, stored);
    this.#isUnreadable = read.problem !== undefined;
    if (!this.keeper.expiry.isOver(getEntry(read.data, EXPIRY_ENTRY))) return read;
    this.keeper.expired(stored);
    this.#identity.expire();
    this.#text = null;
    return EMPTY();
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
