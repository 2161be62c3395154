import { isDeepStrictEqual } from 'node:util';
import type { SessionAccess, SessionAccessOf } from '../common/session-access.js';
import type { SessionState } from '../session/object/session-state.js';
import { exchangeBehind } from './platform/platforms.js';

/** What was done with the session of a response of either platform. */
export const sessionAccessOf: SessionAccessOf = (response) => exchangeBehind(response)?.accept(accessTo);

const accessTo = (state: SessionState): SessionAccess => ({
  read: state.accessed || state.inspected,
  written:
    state.modified ||
    state.moving !== undefined ||
    state.ending.count > 0 ||
    state.saves.size > 0 ||
    state.effect !== 'nothing' ||
    isChangedInside(state),
});

const isChangedInside = (state: SessionState): boolean =>
  state.isExposed && !isDeepStrictEqual(JSON.parse(state.json), state.data);
