import { isDeepStrictEqual } from 'node:util';
import type { SessionAccess, SessionAccessOf } from '../common/session-access.js';
import type { SessionState } from '../session/object/session-state.js';
import { exchangesOn } from './held-exchange.js';
import { holdBehind } from './platform/platforms.js';

/** What was done with the sessions of a response of either platform, whichever application's they are. */
export const sessionAccessOf: SessionAccessOf = (response) =>
  exchangesOn(holdBehind(response))
    .map((exchange) =>
      exchange.replacement === undefined ? exchange.accept(accessTo) : { read: true, written: false },
    )
    .reduce(together, undefined);

const together = (
  one: SessionAccess | undefined,
  other: SessionAccess | undefined,
): SessionAccess | undefined =>
  one === undefined || other === undefined
    ? (one ?? other)
    : { read: one.read || other.read, written: one.written || other.written };

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
