import type { SessionData } from '../wire/session-data.js';
import type { EntriesInSave } from './session-entries.js';
import type { MoveKind } from './session-identity.js';

/** The options of saving a session. */
export interface SaveOptions {
  /**
   * Store the session only if nothing is stored under its key. This restores a session that was ended in the meantime,
   * so leave it out where that must not happen.
   */
  readonly mustCreate?: boolean;
}

/** The last change of the stored session. */
export type SessionEffect = 'nothing' | 'created' | 'saved' | 'touched' | 'cycled' | 'deleted';

/** The result of a commit. */
export interface CommitOutcome {
  /** The change of the stored session during the request, including a `save()` before the commit. */
  readonly outcome: SessionEffect;
  /** The key the session has now. */
  readonly key: string | null;
}

/** The session as it was when a save of it began. */
export interface SaveInProgress extends EntriesInSave {
  /** The key that was drawn for it, if it is to have a new one. */
  readonly drawn: string | null;
  /** The kind of move to that key, if it is stored under another. */
  readonly moving: MoveKind | undefined;
}

/** The stored text after a save, unless the session has ended by its own expiry. */
export interface SavedSession {
  readonly key: string;
  readonly text: string;
  readonly json: string;
  readonly data: SessionData;
}
