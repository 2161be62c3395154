import type { SessionState } from '../../session/object/session-state.js';
import type { Presented } from '../session-http.js';

/** The change of the client's session cookie by a response. */
export type CookieChange = 'give' | 'take' | 'none';

/** The inputs of the change. */
export interface CookieFacts {
  /** `undefined` where nobody asked for the session. */
  readonly state: SessionState | undefined;
  readonly presented: Presented['kind'];
  readonly isSkipped: boolean;
  /** True if the session could not be committed. */
  readonly hasFailed: boolean;
  /** True if the client is told of an error of the server, whose changes are not saved. */
  readonly isError: boolean;
  /** True if the client gets a cookie when its session was merely extended. */
  readonly tellsOfTouch: boolean;
}

export const cookieChange = (facts: CookieFacts): CookieChange => {
  const { state } = facts;
  if (state !== undefined && givesKey(state, facts)) return 'give';
  return takesCookie(facts) ? 'take' : 'none';
};

const givesKey = (
  { isNew, use: { effect } }: SessionState,
  { isError, tellsOfTouch }: CookieFacts,
): boolean => {
  if (isNew || effect === 'nothing' || effect === 'deleted') return false;
  if (effect === 'touched' && !tellsOfTouch) return false;
  // of what an error page leaves behind the client needs a new key only where its old one is worth nothing now
  return !isError || effect === 'cycled';
};

const takesCookie = ({ state, presented, isSkipped, hasFailed, isError }: CookieFacts): boolean => {
  if (presented === 'nothing') return false;
  if (presented === 'malformed') return !isSkipped;
  if (state === undefined) return false;
  if (hasFailed && state.use.effect !== 'deleted') return false;
  if (!state.use.isAccessed || !state.isLoaded || !state.isNew || state.identity.hasTrace) return false;
  return state.isEmpty || ((hasFailed || isError) && state.identity.ending.count > 0);
};
