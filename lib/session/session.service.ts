import type { SessionSettings } from '../config/settings.js';
import { JsonSerializer } from '../serializer/json-serializer.js';
import type { Serializer } from '../serializer/serializer.js';
import type { Clock } from '../common/clock.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { foundOne, observeSession } from '../telemetry/session-channel.js';
import { logUnawaited } from './object/log-unawaited.js';
import type { Session, SessionStatus } from './object/session.js';
import { type EarlierSession, SessionIdentity } from './object/session-identity.js';
import { sessionOf } from './object/session-proxy.js';
import type { CommitOutcome } from './object/session-save.js';
import { SessionState } from './object/session-state.js';
import { sessionStateOf } from './object/state-of.js';
import { type SessionParts, sessionParts } from './session-parts.js';
import type { SessionEvents } from './stored/session-events.js';
import type { ReindexOptions, ReindexProgress } from './users/reindex.js';
import type { EndOfUserOptions, OfUserOptions, UserSession } from './users/user-sessions.js';
import { cookieValues } from './wire/cookie-header.js';
import { isSessionKey, sessionKeysAmong } from './wire/session-key.js';

/** How a session is to be saved. */
export interface SaveOptions {
  /**
   * Store it only if nothing is stored under its key. That brings back a session that was ended meanwhile; leave it
   * out where that must not be.
   */
  readonly mustCreate?: boolean;
}

const DONE = Promise.resolve();

/**
 * Makes, loads, saves and ends sessions. Over HTTP the module does so by itself for every request.
 *
 * Every call that asks the store rejects with RedisConnectionError, RedisTimeoutError or RedisServiceError when that
 * fails; a session is never made up in its place.
 */
export class SessionService {
  /** Where to subscribe to sessions being created, cycled, flushed, interrupted or found corrupt. */
  readonly events: SessionEvents;

  readonly #parts: SessionParts;
  readonly #cookieName: string;

  constructor(
    store: KeyValueStore,
    settings: SessionSettings,
    clock: Clock,
    serializer: Serializer = new JsonSerializer(),
  ) {
    this.#parts = sessionParts(store, settings, clock, serializer);
    this.events = this.#parts.events;
    this.#cookieName = settings.cookie.name;
  }

  /** A new, empty session, stored under a fresh key. */
  create<T extends object = Record<string, unknown>>(): Promise<Session<T>> {
    const state = new SessionState(this.#parts.keeper, new SessionIdentity([]));
    return logUnawaited(this.#parts.saver.save(state, true).then(() => sessionOf<T>(state)));
  }

  /**
   * The session stored under a key. Where there is none the session is empty and has no key: an unknown key is
   * never adopted. What is no session key at all never reaches the store.
   */
  load<T extends object = Record<string, unknown>>(key: string): Promise<Session<T>> {
    return logUnawaited(this.#load<T>([key]));
  }

  /**
   * The session of a Cookie header, for the handshake of a WebSocket for example. Saving it is up to the caller. Of several
   * session cookies, the last one counts whose session is stored.
   */
  loadFromCookieHeader<T extends object = Record<string, unknown>>(
    header: string | undefined,
  ): Promise<Session<T>> {
    return logUnawaited(this.#load<T>(cookieValues(header, this.#cookieName), this.earlierSession(header)));
  }

  /**
   * A session that is loaded when `ensureLoaded` is called, or never; one without a key needs no loading. Of several keys,
   * the first one counts whose session is stored; at most four are looked for.
   */
  open<T extends object = Record<string, unknown>>(
    key: string | readonly string[] = [],
    earlier?: EarlierSession,
  ): Session<T> {
    const keys = sessionKeysAmong([key].flat());
    const identity = new SessionIdentity(earlier === undefined ? keys : [...keys, earlier.key]);
    identity.earlier = earlier;
    return sessionOf<T>(new SessionState(this.#parts.keeper, identity));
  }

  /** The session of an earlier application (`session.migrateFrom`) that a Cookie header names, for `open`. */
  earlierSession(header: string | undefined): EarlierSession | undefined {
    return this.#parts.takeover?.namedIn(header);
  }

  /** Tells listeners of `rejected` that a client presented what can be no session key. */
  reject(presented: string): void {
    this.#parts.events.emit('rejected', presented);
  }

  /** Loads an opened session, once. */
  ensureLoaded(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return state.isLoaded ? DONE : logUnawaited(this.#parts.loader.load(state));
  }

  /**
   * Saves a session, changed or not, with the changes that others made meanwhile kept; a new one gets its key.
   *
   * @throws SessionInterruptedError when the stored session was ended meanwhile; only `mustCreate` brings it back.
   * @throws SessionConflictError when others kept changing it until the operation timeout.
   * @throws SessionCreateError when it must be created and is stored already.
   */
  save(session: SessionStatus, options: SaveOptions = {}): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#parts.saver.save(state, options.mustCreate === true), state);
  }

  /**
   * Ends a stored session, also where a request of the last minute has moved it to another key; whether there was one.
   *
   * @throws SessionConflictError when it was moved so often that some of its successors are left.
   */
  delete(session: SessionStatus | string): Promise<boolean> {
    const [keys, user] =
      typeof session === 'string' ? [[session], undefined] : foundOf(sessionStateOf(session));
    const ends = keys.filter(isSessionKey).map((key) => this.#parts.users.end(key, user));
    return logUnawaited(Promise.all(ends).then((all) => all.some(({ hasEnded }) => hasEnded)));
  }

  /** Whether a session is stored under a key. */
  exists(key: string): Promise<boolean> {
    if (!isSessionKey(key)) return Promise.resolve(false);
    return logUnawaited(observeSession('exists', () => this.#parts.store.exists(key), foundOne));
  }

  /**
   * Moves a session to a fresh key at once, with its unsaved changes; a new one is created.
   *
   * @throws SessionInterruptedError, SessionConflictError as `save` does.
   */
  cycleKey(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#parts.saver.cycle(state), state);
  }

  /** Ends a session: the stored one is deleted, the entries are gone, and the key is `null`. */
  flush(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#parts.saver.flush(state), state);
  }

  /**
   * The sessions of a user, the last used first: those that `signIn()` began, or that a save here met.
   *
   * @throws TypeError for what is no id of a user.
   */
  ofUser(userId: string | number | bigint, options: OfUserOptions = {}): Promise<UserSession[]> {
    return logUnawaited(this.#parts.users.list(userId, options));
  }

  /**
   * Ends the sessions of a user, in whatever requests they are in use; how many there were. None of those that began before
   * the call outlives it; a sign-in beside it may be refused with a SessionInterruptedError.
   *
   * @throws TypeError for what is no id of a user.
   */
  endOfUser(userId: string | number | bigint, options: EndOfUserOptions = {}): Promise<number> {
    return logUnawaited(this.#parts.users.endOthers(userId, options));
  }

  /**
   * Ends one session of a user; whether there was one. The handle of another user's session ends nothing.
   *
   * @throws TypeError for what is no id of a user.
   */
  endOne(userId: string | number | bigint, handle: string): Promise<boolean> {
    return logUnawaited(this.#parts.users.endOne(userId, handle));
  }

  /**
   * Walks over all sessions, and lets `ofUser()` and `endOfUser()` find those that something else has bound to a user, such as
   * Django's login. May be repeated and run beside everything else.
   */
  reindex(options: ReindexOptions = {}): Promise<ReindexProgress> {
    return logUnawaited(this.#parts.users.reindex(options));
  }

  /** Does nothing: Redis deletes expired sessions by itself. */
  clearExpired(): Promise<void> {
    return DONE;
  }

  /**
   * The text that stands in the store for these entries, or for those of a session.
   *
   * @param key the session's key, which the text is for with `session.atRest`
   * @throws TypeError when a value, or what is given itself, is not JSON; it names the path and the fix.
   */
  encode(data: object, key?: string): string {
    return this.#parts.texts.encode(data, key);
  }

  /**
   * The entries of a stored text; none, with a warning, when it cannot be read.
   *
   * @param key the session's key, which the text is for with `session.atRest`
   */
  decode(text: string, key?: string): Record<string, unknown> {
    return this.#parts.texts.decode(text, key);
  }

  /**
   * Ends the use of a session by a request: what is to be saved is saved, with as few commands as can be, and later
   * changes are refused. A second call gives the outcome of the first.
   *
   * @throws as `save` does, and a TypeError when an entry holds what is not JSON.
   */
  commit(session: SessionStatus): Promise<CommitOutcome> {
    return logUnawaited(this.#parts.saver.commit(sessionStateOf(session)));
  }

  /**
   * Ends the use of a session by a request that failed: nothing is saved, but a flush stands. The outcome is
   * `deleted` then, else `nothing`.
   */
  discard(session: SessionStatus): Promise<CommitOutcome> {
    return logUnawaited(this.#parts.saver.discard(sessionStateOf(session)));
  }

  async #load<T extends object>(keys: readonly string[], earlier?: EarlierSession): Promise<Session<T>> {
    const session = this.open<T>(keys, earlier);
    const state = sessionStateOf(session);
    await this.#parts.loader.load(state);
    state.decode();
    return session;
  }
}

/** The keys that a session was looked for under, and the user it is bound to. */
const foundOf = ({ identity, storedUser }: SessionState): [readonly string[], string | undefined] => [
  identity.candidates,
  storedUser,
];
