import { isDeepStrictEqual } from 'node:util';
import type { SessionUse, SessionUseOf } from '../common/session-use.js';
import type { SessionState } from '../session/object/session-state.js';
import { exchangeBehind } from './platform/platforms.js';

/** What was done with the session of a response of either platform. */
export const sessionUseOf: SessionUseOf = (response) => exchangeBehind(response)?.accept(useOf);

const useOf = (state: SessionState): SessionUse => ({
  read: state.accessed,
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
