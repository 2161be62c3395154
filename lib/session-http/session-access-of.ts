import { isDeepStrictEqual } from 'node:util';
import type { SessionAccess, SessionAccessOf } from '../common/session-access.js';
import type { SessionState } from '../session/object/session-state.js';
import { exchangesOn } from './held-exchange.js';
import { holdBehind } from './platform/platforms.js';

/** The use of sessions by a response of either platform, of all applications together. */
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

const accessTo = ({ use, entries, moving, identity }: SessionState): SessionAccess => ({
  read: use.isAccessed || use.isInspected,
  written:
    entries.isModified ||
    moving !== undefined ||
    identity.ending.count > 0 ||
    use.saves.size > 0 ||
    use.effect !== 'nothing' ||
    isChangedInside(entries),
});

const isChangedInside = (entries: SessionState['entries']): boolean =>
  entries.isExposed && !isDeepStrictEqual(JSON.parse(entries.json), entries.data);
