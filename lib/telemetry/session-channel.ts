import { failedBy, type OperationEvent, Operations } from './operations.js';

/**
 * The operations on stored sessions. Those on the sessions of a user have the name of their call; each session that one
 * of them ends is an `end` as well.
 */
export type SessionOperation =
  | 'load'
  | 'reload'
  | 'exists'
  | 'create'
  | 'save'
  | 'touch'
  | 'cycle'
  | 'end'
  | 'ofUser'
  | 'endOfUser'
  | 'endOne'
  | 'reindex';

/**
 * The outcome of an operation on a session.
 *
 * - `hit`: there was a session.
 * - `miss`: there was no session, or (for `touch`) another request has changed it in the meantime.
 * - `done`: the session was written.
 * - `error`: it failed.
 */
export type SessionOutcome = 'hit' | 'miss' | 'done' | 'error';

/**
 * An operation on a session. It is published on the diagnostics channel `nestjs-codex-redis:session` when it has ended.
 * It contains no key and no entry. A call that needs no command has no operation, except a save that fails because of its
 * entries or of other requests.
 */
export interface SessionOperationEvent extends OperationEvent {
  readonly operation: SessionOperation;
  readonly outcome: SessionOutcome;
}

const sessionOperations = new Operations<SessionOperationEvent>('session');

/**
 * Does something to a stored session, and tells of it.
 *
 * @param outcomeOf `done` where it is left out
 */
export const observeSession = <T>(
  operation: SessionOperation,
  work: () => Promise<T>,
  outcomeOf: (result: T) => SessionOutcome = () => 'done',
): Promise<T> =>
  sessionOperations.areObserved
    ? sessionOperations.begin({ operation }).run(work, (result) => ({ outcome: outcomeOf(result) }), failedBy)
    : work();

/** The outcome of a call that found a session or none. */
export const foundOne = (isThere: boolean): SessionOutcome => (isThere ? 'hit' : 'miss');
