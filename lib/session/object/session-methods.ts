import { checkOptions } from '../../common/checked-options.js';
import { logUnawaited } from './log-unawaited.js';
import { callbackOf, keptNamesOf, refuseUnnamed } from './session-arguments.js';
import type { ExpiryReckoning, SessionCallback, SessionExpiry } from './session.js';
import type { SessionData } from '../wire/session-data.js';
import { EXPIRY_ENTRY } from './session-expiry.js';
import type { SessionState } from './session-state.js';
import { sessionStateOf } from './state-of.js';
import {
  clearEntries,
  confirm,
  cycleKey,
  entryNames,
  hasEntry,
  incrementEntry,
  listEntries,
  readEntry,
  removeEntry,
  signIn,
  writeEntry,
} from './session-verbs.js';
import { SIGN_IN_OPTIONS, signInOf } from './session-user.js';

const TEST_COOKIE_ENTRY = 'testcookie';
const TEST_COOKIE_VALUE = 'worked';

/** The readable properties of a session that are no entries. */
export const sessionProperties: Readonly<Record<string, (state: SessionState) => unknown>> = {
  key: (state) => state.decode().key,
  id: (state) => state.decode().key,
  isNew: (state) => state.decode().isNew,
  isEmpty: (state) => state.isEmpty,
  accessed: (state) => state.use.isAccessed,
  modified: (state) => state.entries.isModified,
};

const access = {
  get(this: object, name: string, defaultValue?: unknown): unknown {
    const value = readEntry(sessionStateOf(this), name);
    return value === undefined ? defaultValue : value;
  },

  set(this: object, name: string, value: unknown): void {
    writeEntry(sessionStateOf(this), name, value, Reflect.get(access, 'set'));
  },

  has(this: object, name: string): boolean {
    return hasEntry(sessionStateOf(this), name);
  },

  delete(this: object, name: string): boolean {
    return removeEntry(sessionStateOf(this), name);
  },

  pop(this: object, name: string, defaultValue?: unknown): unknown {
    const state = sessionStateOf(this);
    const value = readEntry(state, name);
    if (!hasEntry(state, name)) return defaultValue;
    removeEntry(state, name);
    return value;
  },

  setDefault(this: object, name: string, value: unknown): unknown {
    const state = sessionStateOf(this);
    if (!hasEntry(state, name)) writeEntry(state, name, value, Reflect.get(access, 'setDefault'));
    return readEntry(state, name);
  },

  increment(this: object, name: string, by = 1): number {
    return incrementEntry(sessionStateOf(this), name, by);
  },

  update(this: object, entries: SessionData): void {
    const state = sessionStateOf(this);
    refuseUnnamed(entries);
    for (const [name, value] of Object.entries(entries)) {
      if (name.startsWith('_'))
        throw new TypeError(
          "session.update() sets no entry whose name begins with '_': those are Django's and this module's. Use " +
            'session.set() for one that is meant',
        );
      if (value !== undefined) state.keeper.check(name, value, Reflect.get(access, 'update'));
    }
    for (const [name, value] of Object.entries(entries))
      writeEntry(state, name, value, Reflect.get(access, 'update'));
  },

  clear(this: object): void {
    clearEntries(sessionStateOf(this));
  },
};

const listing = {
  keys(this: object): string[] {
    return entryNames(sessionStateOf(this));
  },

  values(this: object): unknown[] {
    return listEntries(sessionStateOf(this)).map(([, value]) => value);
  },

  entries(this: object): [string, unknown][] {
    return listEntries(sessionStateOf(this));
  },

  toJSON(this: object): SessionData {
    return Object.fromEntries(listEntries(sessionStateOf(this)));
  },
};

const expiry = {
  setExpiry(this: object, value: SessionExpiry): void {
    const state = sessionStateOf(this);
    if (value === null) removeEntry(state, EXPIRY_ENTRY);
    else writeEntry(state, EXPIRY_ENTRY, state.keeper.expiry.toEntry(value));
  },

  getExpiryAge(this: object, reckoning?: ExpiryReckoning): number {
    const state = sessionStateOf(this);
    return state.keeper.expiry.age(readEntry(state, EXPIRY_ENTRY), reckoning);
  },

  getExpiryDate(this: object, reckoning?: ExpiryReckoning): Date {
    const state = sessionStateOf(this);
    return state.keeper.expiry.date(readEntry(state, EXPIRY_ENTRY), reckoning);
  },

  expiresAtBrowserClose(this: object): boolean {
    const state = sessionStateOf(this);
    return state.keeper.expiry.atBrowserClose(readEntry(state, EXPIRY_ENTRY));
  },
};

const testCookie = {
  setTestCookie(this: object): void {
    writeEntry(sessionStateOf(this), TEST_COOKIE_ENTRY, TEST_COOKIE_VALUE);
  },

  testCookieWorked(this: object): boolean {
    return readEntry(sessionStateOf(this), TEST_COOKIE_ENTRY) === TEST_COOKIE_VALUE;
  },

  deleteTestCookie(this: object): void {
    removeEntry(sessionStateOf(this), TEST_COOKIE_ENTRY);
  },
};

const flush = (state: SessionState): Promise<void> => state.keeper.flush(state);

/** A throw becomes a rejection. */
const attempt = (work: () => void): Promise<void> =>
  new Promise((resolve) => {
    work();
    resolve();
  });

/**
 * Keeps the entries as they are now, whatever becomes of the stored session. The request continues with another object,
 * as libraries expect: they read what they keep from the one before.
 */
const regenerate = async (state: SessionState, names: readonly string[]): Promise<void> => {
  const kept = names
    .filter((name) => hasEntry(state, name))
    .map((name) => [name, readEntry(state, name)] as const);
  state.use.refuseChange();
  const next = state.keeper.replace(state);
  const flushing = flush(next);
  next.startAfresh();
  for (const [name, value] of kept) writeEntry(next, name, value);
  await flushing;
};

const lifeCycle = {
  flush(this: object): Promise<void> {
    return flush(sessionStateOf(this));
  },

  cycleKey(this: object): Promise<void> {
    const state = sessionStateOf(this);
    return logUnawaited(
      attempt(() => cycleKey(state)),
      state,
    );
  },

  signIn(this: object, userId: unknown, options?: unknown): Promise<void> {
    const state = sessionStateOf(this);
    return logUnawaited(
      attempt(() => {
        checkOptions(options, SIGN_IN_OPTIONS, lifeCycle, 'signIn');
        signIn(state, signInOf(userId, options));
      }),
      state,
    );
  },

  confirm(this: object): void {
    confirm(sessionStateOf(this));
  },

  save(this: object, given?: unknown): Promise<void> | undefined {
    const state = sessionStateOf(this);
    const callback = callbackOf('save', given);
    return answer(state.keeper.save(state), callback);
  },

  regenerate(this: object, ...given: readonly unknown[]): Promise<void> | undefined {
    const state = sessionStateOf(this);
    const [names, callback] = typeof given[0] === 'function' ? [undefined, ...given] : given;
    const kept = keptNamesOf(names);
    const told = callbackOf('regenerate', callback);
    return answer(logUnawaited(regenerate(state, kept), state), told);
  },

  destroy(this: object, given?: unknown): Promise<void> | undefined {
    const state = sessionStateOf(this);
    const callback = callbackOf('destroy', given);
    return answer(flush(state), callback);
  },

  reload(this: object, given?: unknown): Promise<void> | undefined {
    const state = sessionStateOf(this);
    const callback = callbackOf('reload', given);
    return answer(state.keeper.reload(state), callback);
  },
};

/** Tells a callback, outside of the promise, so that what it throws is not swallowed. */
const answer = (work: Promise<void>, callback: SessionCallback | undefined): Promise<void> | undefined => {
  if (callback === undefined) return work;
  work.then(
    () => process.nextTick(callback),
    (error: unknown) => process.nextTick(callback, error),
  );
  return undefined;
};

/** The methods of a session, shared by all: each finds the state in its `this`. */
export const sessionMethods: Readonly<Record<string, unknown>> = {
  ...access,
  ...listing,
  ...expiry,
  ...testCookie,
  ...lifeCycle,
};
