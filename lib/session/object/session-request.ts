import type { Session } from './session.js';

/** What a session asks of the request that has it, which commits it in the end and tells of what failed. */
export interface SessionRequest {
  /** Whether the response has begun to leave or the client has gone, so that nobody may be left to catch anything. */
  readonly isOver: boolean;
  /** Why the session has not been loaded, and what to do. */
  readonly notLoaded: string;
  /** Gives the request another session. */
  replaceSession(next: Session): void;
  /** Called when entries of a session that was never loaded are read after that. */
  warnOfLateRead(): void;
}
