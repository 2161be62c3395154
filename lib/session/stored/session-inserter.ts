import { SessionCreateError, SessionLimitError } from '../../errors/session.errors.js';
import type { SaveInProgress, SavedSession } from '../object/session-save.js';
import type { SessionState } from '../object/session-state.js';
import type { Membership, Origin } from '../users/membership.js';
import type { Draft, SessionDrafts } from './session-drafts.js';
import { interruption, type SessionEventEmitter } from './session-events.js';
import type { SessionStore } from './session-store.js';

/**
 * Stores sessions under keys that must be free.
 *
 * One that is bound to a user is announced to the index of the user, stored and confirmed, in this order: it is refused or
 * removed again where all sessions of the user are ended in between.
 */
export class SessionInserter {
  constructor(
    private readonly store: SessionStore,
    private readonly drafts: SessionDrafts,
    private readonly events: SessionEventEmitter,
  ) {}

  /**
   * Stores a draft under the key that was drawn for it, which the client may have been told already.
   *
   * @throws SessionCreateError, SessionInterruptedError and SessionLimitError as `insert` does
   */
  insertDrawn(
    save: SaveInProgress,
    draft: Draft,
    membership: Membership | undefined,
    origin: Origin = {},
  ): Promise<{ key: string; text: string }> {
    const { drawn, moving } = save;
    if (drawn === null) throw new SessionCreateError(KEY_TAKEN);
    return this.insert(drawn, draft, membership, { ...origin, isSignIn: moving === 'signIn' }, KEY_TAKEN);
  }

  /**
   * Stores a draft under a key.
   *
   * @param taken what the error says when something is stored under the key
   * @throws SessionCreateError when something is stored under the key
   * @throws SessionInterruptedError when the session was ended, with the others of its user
   * @throws SessionLimitError when the user has as many as are allowed
   */
  async insert(
    key: string,
    draft: Draft,
    membership: Membership | undefined,
    origin: Origin,
    taken: string,
  ): Promise<{ key: string; text: string }> {
    const text = this.drafts.seal(draft, key);
    const outcome = await membership?.announce(origin);
    if (outcome === 'refused') throw new SessionLimitError();
    if (outcome === 'interrupted') throw interruption(this.events, origin.from ?? key);
    if (!(await this.#insert(key, text, this.drafts.timeToLive(draft), membership)))
      throw new SessionCreateError(taken);
    return { key, text };
  }

  /**
   * Has a session stand that was stored under a new key; whether it still is the one that was saved.
   *
   * @throws SessionInterruptedError if it was ended in the meantime, with the other sessions of its user
   */
  async confirm(
    state: SessionState,
    save: SaveInProgress,
    saved: SavedSession,
    membership: Membership | undefined,
  ): Promise<boolean> {
    const stands = membership === undefined || (await membership.confirm(this.drafts.timeToLive(saved)));
    if (!stands && state.isSaving(save)) throw interruption(this.events, saved.key);
    if (stands && state.endSave(save, saved)) return true;
    if (stands) await this.remove(saved.key, membership);
    return false;
  }

  /** Removes what was stored under a key that nobody has. */
  async remove(key: string, membership: Membership | undefined): Promise<void> {
    await this.store.remove(key);
    await membership?.withdraw();
  }

  /**
   * Stores the session under a new key. @returns whether the key was free
   *
   * @throws SessionInterruptedError when it was ended already, with the other sessions of its user
   */
  async #insert(
    key: string,
    text: string,
    ttl: number,
    membership: Membership | undefined,
  ): Promise<boolean> {
    if (membership === undefined) return this.store.insert(key, text, ttl);
    if (await this.store.insertUntraced(key, text, ttl)) return true;
    await membership.withdraw('pending');
    if (await this.store.exists(key)) return false;
    throw interruption(this.events, key);
  }
}

const KEY_TAKEN = 'A session could not be created: the store calls its random key taken';
