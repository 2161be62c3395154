import type { DecodedSession } from '../wire/session-codec.js';
import { freezeEntries } from './freeze-entries.js';
import { SessionEntries } from './session-entries.js';
import type { SessionExpiryRules } from './session-expiry.js';
import type { FoundSession, MoveKind, SessionIdentity } from './session-identity.js';
import type { SessionLifetime } from './session-lifetime.js';
import { SessionLoading } from './session-loading.js';
import { notLoaded } from './session-refusals.js';
import type { SavedSession, SaveInProgress } from './session-save.js';
import { SessionUse } from './session-use.js';
import { isOwnEntry } from './session-user.js';

/** On a session: the way from its proxy to its state. */
export const STATE = Symbol('SessionState');

/** The calls of a session, and of its request, to the service that created it. */
export interface SessionKeeper {
  readonly expiry: SessionExpiryRules;
  readonly lifetime: SessionLifetime;
  /** Reads a stored text; one that cannot be read gives an empty session and a warning. */
  read(text: string, key: string): DecodedSession;
  /** The user that the session of a stored text is bound to. */
  userOf(text: string, key: string): string | undefined;
  /** Called for a stored session that has expired by itself. */
  expired(key: string): void;
  /** @throws TypeError when the value is not JSON; its stack begins where `callee` was called, if given. */
  check(name: string, value: unknown, callee?: unknown): void;
  save(session: SessionState): Promise<void>;
  flush(session: SessionState): Promise<void>;
  /** The state with which the request of a session continues in its place; itself if no request has it. */
  replace(session: SessionState): SessionState;
  reload(session: SessionState): Promise<void>;
  /** For the request of a session, as are the next two: a failure that nobody awaits ends the process. */
  load(session: SessionState): Promise<void>;
  commit(session: SessionState): Promise<unknown>;
  discard(session: SessionState): Promise<unknown>;
}

/** The state behind a Session: its keys, its entries and its use by a request. */
export class SessionState {
  readonly #identity: SessionIdentity;
  readonly entries = new SessionEntries((text) => this.#readText(text));
  #moving: MoveKind | undefined;
  #saving: SaveInProgress | undefined;
  readonly #loading = new SessionLoading();

  constructor(
    readonly keeper: SessionKeeper,
    identity: SessionIdentity,
    /** Its use by a request. */
    readonly use = new SessionUse(),
  ) {
    this.#identity = identity;
  }

  /** Under which keys it is found and stored. */
  get identity(): SessionIdentity {
    return this.#identity;
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

  get isEmpty(): boolean {
    return this.isLoaded && this.isNew && Object.keys(this.entries.data).every(isOwnEntry);
  }

  /** True if a request that does not change it is to extend it. */
  get isExtended(): boolean {
    const { lifetime } = this.keeper;
    if (!lifetime.extends || !this.isLoaded) return false;
    // read first: it may be found to have ended
    const { savedAt } = this.entries;
    return !this.isNew && lifetime.isExtensionDue(savedAt);
  }

  /** The error with which loading failed; every access throws this. */
  get loadFailure(): Error | undefined {
    return this.#loading.failure;
  }

  /** The kind of move to a new key with the next save, if there is to be one. */
  get moving(): MoveKind | undefined {
    return this.#moving;
  }

  /** Loads it once. Takes nothing if it was flushed in the meantime. */
  loadOnce(find: () => Promise<FoundSession>): Promise<void> {
    return this.#loading.once(find, (found) => {
      if (!this.isLoaded) this.#attach(found);
    });
  }

  /** Decodes the stored text now rather than at the first touch: it may be found to have ended. */
  decode(): this {
    this.entries.decode();
    return this;
  }

  /** Moves it to a new key with the next save. */
  move(kind: MoveKind, changed: readonly string[]): void {
    if (this.#moving === undefined) this.#identity.draw();
    this.#moving = kind;
    this.#identity.startAfresh();
    for (const name of changed) this.entries.note(name);
  }

  /** Something was changed: what has no key gets one. */
  noteChange(): void {
    this.#identity.drawFirst();
    this.leaveUnreadable();
  }

  /** A stored text that cannot be read is not written over: the session gets a new key. */
  leaveUnreadable(): void {
    if (this.entries.isUnreadable && this.#moving === undefined) this.move('cycle', []);
  }

  /** The user that the stored session is bound to. */
  get storedUser(): string | undefined {
    const { text } = this.entries;
    const { stored } = this.#identity;
    return text === null || stored === null ? undefined : this.keeper.userOf(text, stored);
  }

  /** Gives up key and entries; what is set afterwards belongs to a new session. */
  end(): void {
    this.use.refuseChange();
    this.#identity.end(this.storedUser);
    this.#forget();
    this.use.noteAccess();
  }

  /** Leaves everything but what can be read to another state, which goes on in its place. */
  handOver(): SessionState {
    this.#saving = undefined;
    return new SessionState(this.keeper, this.#identity.handOver(), this.use.handOver());
  }

  /** Has what follows stored under a new key, whatever was found under the old one. */
  startAfresh(): void {
    this.#identity.startAfresh();
    this.#identity.drawFirst();
  }

  /** Forgets the changes and takes what the store has now. */
  renew(found: FoundSession): void {
    this.use.refuseAfterEnd();
    this.#forget();
    this.#attach(found);
  }

  /** Begins a save: what changes from here on is a later save's. */
  beginSave(): SaveInProgress {
    const { drawn } = this.#identity;
    // the spread last: V8 takes a microsecond to add properties after one
    const save = { drawn, moving: this.#moving, ...this.entries.beginSave() };
    this.#moving = undefined;
    this.#saving = save;
    return save;
  }

  /** The save failed: its changes are still to be saved. */
  failSave(save: SaveInProgress): void {
    if (this.#saving !== save) return;
    this.#moving ??= save.moving;
    this.#identity.redraw(save.drawn);
    this.entries.failSave(save);
  }

  /** True if the session still is the one that is being saved; it was flushed or loaded again otherwise. */
  isSaving(save: SaveInProgress): boolean {
    return this.#saving === save;
  }

  /**
   * The save is done.
   *
   * @returns whether the session still is the one that was saved; it was flushed or loaded again otherwise
   */
  endSave(save: SaveInProgress, saved: SavedSession): boolean {
    if (this.#saving !== save) return false;
    this.entries.endSave(saved);
    this.#identity.settle(saved.key);
    return true;
  }

  /** True if there are entries to read: nothing is thrown any more when the request is over. */
  beginReading(): boolean {
    const { request } = this.use;
    if (!this.isLoaded && request?.isOver === true) {
      request.warnOfLateRead();
      return false;
    }
    this.requireLoaded();
    this.use.noteAccess();
    this.decode();
    return true;
  }

  /** @throws SessionStateError when nothing can be changed. */
  beginChange(): void {
    this.use.refuseChange();
    this.requireLoaded();
    this.use.noteAccess();
    this.decode();
  }

  /** @throws what loading it failed with, SessionStateError when nothing has loaded it. */
  requireLoaded(): void {
    if (!this.isLoaded) throw this.loadFailure ?? notLoaded(this.use.request?.notLoaded);
  }

  /** Takes what was found under the key; an unknown key is never adopted. */
  #attach(found: FoundSession): void {
    this.#identity.attach(found);
    this.#loading.forgetFailure();
    this.entries.take('text' in found ? (found.text ?? null) : null);
  }

  #forget(): void {
    this.entries.forget();
    this.#saving = undefined;
    this.#moving = undefined;
  }

  #readText(text: string): DecodedSession | undefined {
    const { stored } = this.#identity;
    // of one that was moved only a sign-in may read it
    if (stored === null) return { data: {}, json: '{}' };
    const read = this.keeper.read(text, stored);
    if (!this.keeper.lifetime.isOver(read.data, read.savedAt))
      return this.use.isReadOnly ? freezeEntries(read) : read;
    this.keeper.expired(stored);
    this.#identity.expire();
    return undefined;
  }
}
