import { type SessionState, STATE } from './session-state.js';

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
      'This is not a session of the CodexRedisModule; create one with SessionService.load() or create()',
    );
  return state;
};
