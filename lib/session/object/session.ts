import type { Duration } from '../../config/kinds.js';
import type { DjangoLogin } from './session-user.js';

/** The expiry of a session: a number of seconds (or a duration string) after each save, a Date, 0 or `null`. */
export type SessionExpiry = Duration | Date | null;

/** Values to compute an expiry with, instead of now and the session's own setting. */
export interface ExpiryReckoning {
  /** The time of the last save. */
  readonly modification?: Date;
  /** The expiry setting to assume. */
  readonly expiry?: SessionExpiry;
}

/** Called when `save`, `regenerate`, `destroy` or `reload` has finished. */
export type SessionCallback = (error?: unknown) => void;

/** The state of every session, whatever its entries are. */
export interface SessionStatus {
  /**
   * The key that the client will have after the response. It is a new one as soon as an entry is written to a new
   * session, or the key is cycled. It is `null` until the session is loaded, for an unknown key, and after `flush()`.
   */
  readonly key: string | null;
  /** True if nothing is stored under its key. */
  readonly isNew: boolean;
  /** True if nothing is stored under its key and it has no entry. */
  readonly isEmpty: boolean;
  /** True if any entry was read, checked or changed. */
  readonly accessed: boolean;
  /** True if an entry was set or deleted. Changes inside a value are noticed when the session is saved. */
  readonly modified: boolean;
}

/** The options of signing a user in. */
export interface SignInOptions {
  /**
   * The device, for a page that lists the user's sessions: at most 200 characters. The module reads nothing from
   * headers. Without it, the session keeps the device of an earlier sign-in of the same user.
   */
  readonly device?: string;
  /** Makes Django recognize the user too. Without it, Django treats the visitor as anonymous. */
  readonly django?: DjangoLogin;
}

type EntryName<T> = keyof T & string;

/**
 * The methods of a session. Their names cannot be assigned or deleted as properties. For an entry of such a name, use
 * `get` and `set`.
 *
 * Methods that read or change entries throw a SessionStateError if the session has not been loaded. Methods that change
 * it also throw one after the session was saved with the response. Methods that return a promise reject, and methods
 * that were given a callback pass the error to it. A rejection that nobody awaits is logged; it never ends the process.
 * After the response has started, reading never throws: a session that was not loaded then reads as empty.
 */
export interface SessionMethods<T extends object = Record<string, unknown>> extends SessionStatus {
  /** The same as `key`, under express-session's name. */
  readonly id: string | null;

  /** Returns the value of an entry, or `undefined` or the default if there is none. */
  get<K extends EntryName<T>>(name: K): T[K] | undefined;
  get<K extends EntryName<T>>(name: K, defaultValue: Exclude<T[K], undefined>): Exclude<T[K], undefined>;
  get<K extends EntryName<T>, D>(name: K, defaultValue: D): Exclude<T[K], undefined> | D;

  /**
   * Sets an entry. `undefined` deletes it.
   *
   * @throws TypeError if the value is not JSON. It names the path and the fix.
   */
  set<K extends EntryName<T>>(name: K, value: T[K] | undefined): void;

  /** True if the entry exists. An entry with the value `null` exists. */
  has(name: EntryName<T>): boolean;

  /** Deletes an entry. Returns whether there was one. */
  delete(name: EntryName<T>): boolean;

  /** Deletes an entry and returns its value, or `undefined` or the default if there was none. */
  pop<K extends EntryName<T>>(name: K): T[K] | undefined;
  pop<K extends EntryName<T>>(name: K, defaultValue: Exclude<T[K], undefined>): Exclude<T[K], undefined>;
  pop<K extends EntryName<T>, D>(name: K, defaultValue: D): Exclude<T[K], undefined> | D;

  /**
   * Returns the value of an entry. If there is none, sets it to `value` first.
   *
   * @throws TypeError as `set` does.
   */
  setDefault<K extends EntryName<T>>(name: K, value: T[K]): T[K];

  /**
   * Adds to an entry that is a number and returns the sum. A missing entry counts as 0. Concurrent additions of other
   * requests are added too.
   *
   * @param by 1 by default; may be negative.
   * @throws TypeError if the entry is not a number, RangeError for a sum beyond ±(2^53 - 1).
   */
  increment(name: EntryName<T>, by?: number): number;

  /**
   * Sets several entries, or none of them. Names must not begin with `_`: those belong to Django and this module.
   *
   * @throws TypeError as `set` does.
   */
  update(entries: Partial<T>): void;

  /**
   * Returns the names of the entries in the order in which they were set. Names that look like array indices come
   * first.
   */
  keys(): EntryName<T>[];
  /** Returns the values in the order of `keys()`. Changes inside them are noticed when the session is saved. */
  values(): T[EntryName<T>][];
  /** Returns names and values in the order of `keys()`. */
  entries(): [EntryName<T>, T[EntryName<T>]][];

  /** Removes all entries and keeps the key. Entries that other requests set at the same time are replaced too. */
  clear(): void;

  /**
   * Ends the session: the stored session is deleted at once, the entries are removed, and the key is `null`. Entries
   * that are set afterwards are saved under a new key. You need not await it, because the save of the request does.
   */
  flush(): Promise<void>;

  /**
   * Signs a user in when the session is saved. The session gets a new key, the old key becomes useless, and the entry
   * `_auth_user_id` names the user. Entries of a visitor, or of the same user, are kept; entries of another user are
   * removed. Two sign-ins at the same time both succeed. SessionService.ofUser() then finds the session until it ends.
   *
   * The save throws a SessionLimitError if the user has as many sessions as `session.perUser` allows.
   *
   * @param userId is stored as a string.
   * @throws TypeError for an invalid user id or device.
   */
  signIn(userId: string | number | bigint, options?: SignInOptions): Promise<void>;

  /**
   * Records that the user has just proved their identity, for example by the password. `@RequiresFreshSession()` then
   * lets the session in again. `signIn()` does this by itself.
   */
  confirm(): void;

  /**
   * Gives the session a new key when it is saved, and makes the old one useless. Use it when rights change; a login is
   * `signIn()`.
   */
  cycleKey(): Promise<void>;

  /**
   * Sets when the session ends: a number of seconds after each save (fractions, and a duration string like `'30m'`, are
   * allowed), at a Date, with the browser (0), or by the configured age (`null`).
   *
   * @throws TypeError for anything else, RangeError for a time too far away.
   */
  setExpiry(expiry: SessionExpiry): void;

  /** The seconds until the session ends, counted from now: whole seconds unless fractions were set. */
  getExpiryAge(reckoning?: ExpiryReckoning): number;

  /** The time at which the session ends, counted from now. */
  getExpiryDate(reckoning?: ExpiryReckoning): Date;

  /** True if the cookie ends with the browser. */
  expiresAtBrowserClose(): boolean;

  /** Sets an entry that shows, at the next request, whether the client sends cookies back. */
  setTestCookie(): void;
  /** True if the client sent back the cookie of the session that `setTestCookie()` marked. */
  testCookieWorked(): boolean;
  /** Removes the entry of `setTestCookie()`. */
  deleteTestCookie(): void;

  /** Saves now instead of with the response, whether the session was changed or not. A new session gets its key. */
  save(): Promise<void>;
  save(callback: SessionCallback): void;

  /**
   * Ends the session as `flush()` does, and keeps the entries with these names. New entries are saved under a new key.
   * The request gets a new object, `request.session`, at once. The old object stays readable, and changing it throws a
   * SessionStateError. A session that SessionService loaded stays the same object.
   *
   * @throws TypeError if the argument is neither a list of names nor a callback.
   */
  regenerate(names?: readonly EntryName<T>[]): Promise<void>;
  regenerate(callback: SessionCallback): void;
  regenerate(names: readonly EntryName<T>[] | undefined, callback: SessionCallback): void;

  /** Ends the session as `flush()` does. */
  destroy(): Promise<void>;
  destroy(callback: SessionCallback): void;

  /**
   * Drops the changes of this request and reads the stored session again. If that fails, the session stays as it is.
   */
  reload(): Promise<void>;
  reload(callback: SessionCallback): void;

  /** A shallow copy of the entries. */
  toJSON(): Partial<T>;
}

/**
 * The session of a visitor. Its entries are properties (`session.visits`), and `get` and `set` reach them too. Declare
 * their types as `Session<{ visits: number }>`.
 *
 * `Object.keys`, `JSON.stringify` and `util.inspect` show the entries, never the key.
 */
export type Session<T extends object = Record<string, unknown>> = SessionMethods<T> &
  Omit<Partial<T>, keyof SessionMethods>;
