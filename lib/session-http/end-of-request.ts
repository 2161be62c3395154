import type { SessionState } from '../session/object/session-state.js';

/** The calls of the service that end a request's use of its session. */
export type Task = 'commit' | 'discard';

/** True if a response depends on its session, or something of it is to be stored. */
export const dependsOnSession = (state: SessionState, isSkipped: boolean): boolean => {
  if (state.loadFailure !== undefined) return true;
  const isAskedFor = state.use.effect !== 'nothing' || isUnderWay(state);
  if (isSkipped) return isAskedFor;
  return state.use.isAccessed || isAskedFor || state.isExtended;
};

/**
 * Most requests ask for nothing.
 *
 * @param isSaved whether what was changed is saved, which it is not for an error of the server and a skipped handler
 */
export const taskAtEnd = (state: SessionState, isSaved: boolean): Task | undefined => {
  if (state.use.isCommitted) return undefined;
  const underWay = isUnderWay(state);
  if (!isSaved) return underWay ? 'discard' : undefined;
  const { isModified, isExposed } = state.entries;
  const isChanged = isModified || isExposed || state.moving !== undefined || underWay;
  return isChanged || state.isExtended ? 'commit' : undefined;
};

/** True if a save or an ending was asked for and has not finished. */
const isUnderWay = (state: SessionState): boolean =>
  state.identity.ending.running !== undefined || state.use.saves.size > 0;
