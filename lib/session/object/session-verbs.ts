import { getEntry, layOver, type SessionData, setEntry } from '../wire/session-data.js';
import { CONFIRMED_ENTRY, STARTED_ENTRY } from './session-lifetime.js';
import type { SessionState } from './session-state.js';
import { bindTo, CYCLED_ENTRY, isOwnEntry, type SignIn } from './session-user.js';

/*
 * The verbs of a session. Reading throws for a session that could not be loaded, and changing also for one whose
 * changes would be lost.
 */

/** The entries for somebody who may change objects inside of them. */
export const expose = (state: SessionState): SessionData =>
  state.beginReading() ? state.entries.expose() : {};

/** Names and values but this module's own. */
export const listEntries = (state: SessionState): [string, unknown][] =>
  state.beginReading() ? state.entries.list() : [];

export const readEntry = (state: SessionState, name: string): unknown =>
  state.beginReading() ? state.entries.get(name) : undefined;

export const hasEntry = (state: SessionState, name: string): boolean =>
  state.beginReading() && Object.hasOwn(state.entries.data, name);

export const entryNames = (state: SessionState): string[] =>
  state.beginReading() ? Object.keys(state.entries.data).filter((name) => !isOwnEntry(name)) : [];

/** They say how long a session lives and when its user signed in: no form that is assigned to it may. */
const refuseOwn = (name: string): void => {
  if (isOwnEntry(name))
    throw new TypeError(
      `session: entries whose names begin with '_codex_' are this module's own, as ${name}`,
    );
};

/** @param callee the function that the application called; a refused value is its caller's */
export const writeEntry = (state: SessionState, name: string, value: unknown, callee?: unknown): void => {
  state.beginChange();
  if (typeof name !== 'string')
    throw new TypeError(`A session's entry is named by a string, not by a ${typeof name}`);
  refuseOwn(name);
  if (value === undefined) return void removeEntry(state, name);
  state.keeper.check(name, value, callee);
  state.entries.set(name, value);
  state.noteChange();
};

/** Removes an entry. @returns whether there was one */
export const removeEntry = (state: SessionState, name: string): boolean => {
  state.beginChange();
  refuseOwn(name);
  if (!state.entries.delete(name)) return false;
  state.noteChange();
  return true;
};

/** Adds to a number. Concurrent additions of other requests are kept. */
export const incrementEntry = (state: SessionState, name: string, by: number): number => {
  state.beginChange();
  refuseOwn(name);
  const sum = state.entries.add(name, by);
  state.noteChange();
  return sum;
};

export const clearEntries = (state: SessionState): void => {
  state.beginChange();
  const start = getEntry(state.entries.data, STARTED_ENTRY);
  state.entries.clear();
  if (start !== undefined) setEntry(state.entries.data, STARTED_ENTRY, start);
  state.leaveUnreadable();
};

/** Moves it to a new key with the next save. */
export const cycleKey = (state: SessionState): void => {
  state.beginChange();
  setEntry(state.entries.data, CYCLED_ENTRY, true);
  state.move(state.moving ?? 'cycle', [CYCLED_ENTRY]);
};

/** Moves it to a new key with the next save, bound to a user. */
export const signIn = (state: SessionState, login: SignIn): void => {
  state.beginChange();
  goOnWithMoved(state);
  const { before, changed } = bindTo(state.entries.data, login);
  if (before !== undefined && before !== login.userId) {
    clearEntries(state);
    bindTo(state.entries.data, login);
  }
  state.keeper.lifetime.noteSignIn(state.entries.data, before !== login.userId);
  state.move('signIn', [...changed, STARTED_ENTRY, CONFIRMED_ENTRY]);
};

/** Notes that the user has just proved to be the user. */
export const confirm = (state: SessionState): void => {
  state.beginChange();
  state.keeper.lifetime.confirm(state.entries.data);
  state.entries.note(CONFIRMED_ENTRY);
  state.noteChange();
};

/** Milliseconds since the last sign-in or confirmation; `Infinity` where none is known. */
export const sinceConfirmation = (state: SessionState): number =>
  state.beginReading() ? state.keeper.lifetime.sinceConfirmation(state.entries.data) : Infinity;

/** The entries a visitor had when another request signed in are those of this sign-in, too. */
const goOnWithMoved = ({ identity: { forksFrom }, entries, keeper }: SessionState): void => {
  if (forksFrom === null || entries.text === null) return;
  const { data } = keeper.read(entries.text, forksFrom);
  layOver(data, Object.keys(entries.data), entries.data);
  entries.replaceWith(data);
};
