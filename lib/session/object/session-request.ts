import type { Session } from './session.js';

/**
 * The request that has a session, as the session sees it. It commits the session in the end and tells of what failed.
 */
export interface SessionRequest {
  /** True if the response has begun to leave or the client has gone, so that nobody may be left to catch anything. */
  readonly isOver: boolean;
  /** The reason that the session has not been loaded, and the fix. */
  readonly notLoaded: string;
  /** Gives the request another session. */
  replaceSession(next: Session): void;
  /** Called when entries of a session that was never loaded are read after that. */
  warnOfLateRead(): void;
}
