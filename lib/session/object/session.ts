import type { Duration } from '../../config/kinds.js';
import type { DjangoLogin } from './session-user.js';

/** When a session is to end: seconds after each save (or a duration string), a point in time, 0 or `null`. */
export type SessionExpiry = Duration | Date | null;

/** What to reckon an expiry with instead of now and the session's own setting. */
export interface ExpiryReckoning {
  /** When the session was last saved. */
  readonly modification?: Date;
  /** What the session is taken to be set to. */
  readonly expiry?: SessionExpiry;
}

/** Told when a `save`, `regenerate`, `destroy` or `reload` has ended. */
export type SessionCallback = (error?: unknown) => void;

/** What every session has, whatever its entries are. */
export interface SessionStatus {
  /**
   * The key the client will have once the request is committed: a new one as soon as an entry is written to a new
   * session, or the key is cycled. `null` until the session is loaded, for an unknown key and after `flush()`.
   */
  readonly key: string | null;
  /** Whether nothing is stored under its key. */
  readonly isNew: boolean;
  /** Whether nothing is stored under its key and it has no entry. */
  readonly isEmpty: boolean;
  /** Whether any entry was read, looked for or changed. */
  readonly accessed: boolean;
  /** Whether an entry was set or deleted. Changes inside of an entry's value are noticed at the commit. */
  readonly modified: boolean;
}

/** How a user is signed in. */
export interface SignInOptions {
  /**
   * What the user calls the device, for a page that lists their sessions: at most 200 characters. Nothing is taken from
   * headers; without it the session keeps what an earlier sign-in of the same user said.
   */
  readonly device?: string;
  /** Lets Django know the user too; without it, Django takes the session for that of an anonymous visitor. */
  readonly django?: DjangoLogin;
}

type EntryName<T> = keyof T & string;

/**
 * The methods of a session. Their names cannot be assigned or deleted as properties; an entry of such a name is
 * reached with `get` and `set`.
 *
 * Those that read or change entries throw a SessionStateError when the session has not been loaded, those that
 * change something also after it was committed with the response. Those that return a promise reject with it, and
 * those that were given a callback tell it. A rejection that nobody awaits is logged; it never ends the process. Once
 * the response has begun to leave, reading throws nothing: a session that was not loaded reads as empty then.
 */
export interface SessionMethods<T extends object = Record<string, unknown>> extends SessionStatus {
  /** The same as `key`, by the name that express-session has for it. */
  readonly id: string | null;

  /** The value of an entry, `undefined` (or the default) when there is none. */
  get<K extends EntryName<T>>(name: K): T[K] | undefined;
  get<K extends EntryName<T>>(name: K, defaultValue: Exclude<T[K], undefined>): Exclude<T[K], undefined>;
  get<K extends EntryName<T>, D>(name: K, defaultValue: D): Exclude<T[K], undefined> | D;

  /**
   * Gives an entry its value; `undefined` deletes it.
   *
   * @throws TypeError when the value is not JSON; it names the path and the cure.
   */
  set<K extends EntryName<T>>(name: K, value: T[K] | undefined): void;

  /** Whether there is such an entry; one of `null` is there. */
  has(name: EntryName<T>): boolean;

  /** Deletes an entry; whether there was one. */
  delete(name: EntryName<T>): boolean;

  /** Deletes an entry and gives the value it had, `undefined` (or the default) when there was none. */
  pop<K extends EntryName<T>>(name: K): T[K] | undefined;
  pop<K extends EntryName<T>>(name: K, defaultValue: Exclude<T[K], undefined>): Exclude<T[K], undefined>;
  pop<K extends EntryName<T>, D>(name: K, defaultValue: D): Exclude<T[K], undefined> | D;

  /**
   * The value of an entry, which is set to `value` when there is none.
   *
   * @throws TypeError as `set` does.
   */
  setDefault<K extends EntryName<T>>(name: K, value: T[K]): T[K];

  /**
   * Adds to an entry that is a number (a missing one counts as 0), and gives the sum. What other requests add at the
   * same time is added too.
   *
   * @param by 1 unless given; may be negative.
   * @throws TypeError when the entry is no number, RangeError for a sum beyond ±(2^53 − 1).
   */
  increment(name: EntryName<T>, by?: number): number;

  /**
   * Sets several entries, or none of them. Their names do not begin with `_`: those are Django's and this module's.
   *
   * @throws TypeError as `set` does.
   */
  update(entries: Partial<T>): void;

  /** The names of the entries, in the order they were set; those that look like array indices come first. */
  keys(): EntryName<T>[];
  /** The values, in the order of `keys()`. Changes inside of them are noticed at the commit. */
  values(): T[EntryName<T>][];
  /** Names and values, in the order of `keys()`. */
  entries(): [EntryName<T>, T[EntryName<T>]][];

  /** Empties the session and keeps its key. What other requests set meanwhile is replaced too. */
  clear(): void;

  /**
   * Ends the session: the stored one is deleted at once, the entries are gone and the key is `null`. Entries set
   * afterwards are saved under a new key. The commit awaits it, so one need not.
   */
  flush(): Promise<void>;

  /**
   * Signs a user in, when the session is committed (or saved): the session gets a new key, the old one is worthless
   * from then on, and the entry `_auth_user_id` names the user. Entries of a visitor and of the same user are kept;
   * those of another user are gone. Two sign-ins at the same time both succeed. The session is found from then on by
   * SessionService.ofUser(), until it ends.
   *
   * The commit (or save) throws a SessionLimitError when the user has as many sessions as `session.perUser` allows.
   *
   * @param userId is stored as a string.
   * @throws TypeError for what is no id of a user, or no device.
   */
  signIn(userId: string | number | bigint, options?: SignInOptions): Promise<void>;

  /**
   * Notes that the user has just proved to be the user, by the password for example: handlers that are marked with
   * `@RequiresFreshSession()` let the session in again. `signIn()` does this by itself.
   */
  confirm(): void;

  /**
   * Gives the session a new key when it is committed (or saved), and makes the old one worthless; for a change of
   * rights. A login is `signIn()`.
   */
  cycleKey(): Promise<void>;

  /**
   * Sets when the session ends: that many seconds after each save (fractions and a duration string like `'30m'`
   * are fine), at a Date, with the browser (0), or by the configured age (`null`).
   *
   * @throws TypeError for anything else, RangeError for a time too far away.
   */
  setExpiry(expiry: SessionExpiry): void;

  /** Whole seconds (fractions where they were set) until the session ends, reckoned from now. */
  getExpiryAge(reckoning?: ExpiryReckoning): number;

  /** When the session ends, reckoned from now. */
  getExpiryDate(reckoning?: ExpiryReckoning): Date;

  /** Whether the cookie ends with the browser. */
  expiresAtBrowserClose(): boolean;

  /** Sets an entry that shows, on the next request, whether the client sends cookies back. */
  setTestCookie(): void;
  /** Whether the client sent back the cookie of the session that `setTestCookie()` marked. */
  testCookieWorked(): boolean;
  /** Takes back what `setTestCookie()` set. */
  deleteTestCookie(): void;

  /** Saves at once rather than at the commit, changed or not, and gives a new session its key. */
  save(): Promise<void>;
  save(callback: SessionCallback): void;

  /**
   * Ends the session as `flush()` does, so that what follows is saved under a new key; keeps the entries of these names.
   * A request goes on with a new object, `request.session`, at once: this one can still be read, and changing it throws a
   * SessionStateError. A session that SessionService loaded stays the same object.
   *
   * @throws TypeError for what is no list of names and no callback.
   */
  regenerate(names?: readonly EntryName<T>[]): Promise<void>;
  regenerate(callback: SessionCallback): void;
  regenerate(names: readonly EntryName<T>[] | undefined, callback: SessionCallback): void;

  /** Ends the session as `flush()` does. */
  destroy(): Promise<void>;
  destroy(callback: SessionCallback): void;

  /** Drops the changes made here and reads the stored session again; when that fails, the session stays as it is. */
  reload(): Promise<void>;
  reload(callback: SessionCallback): void;

  /** A shallow copy of the entries. */
  toJSON(): Partial<T>;
}

/**
 * The session of a visitor. Its entries are properties (`session.visits`) as well as reachable with `get` and
 * `set`; give their types as `Session<{ visits: number }>`.
 *
 * `Object.keys`, `JSON.stringify` and `util.inspect` show the entries, never the key.
 */
export type Session<T extends object = Record<string, unknown>> = SessionMethods<T> &
  Omit<Partial<T>, keyof SessionMethods>;
