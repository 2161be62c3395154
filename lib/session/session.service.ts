import type { SessionSettings } from '../config/settings.js';
import { JsonSerializer } from '../serializer/json-serializer.js';
import type { Serializer } from '../serializer/serializer.js';
import { checkOptions } from '../common/checked-options.js';
import type { Clock } from '../common/clock.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { foundOne, observeSession } from '../telemetry/session-channel.js';
import { logUnawaited } from './object/log-unawaited.js';
import type { Session, SessionStatus } from './object/session.js';
import { type EarlierSession, SessionIdentity } from './object/session-identity.js';
import { sessionOf } from './object/session-proxy.js';
import type { CommitOutcome, SaveOptions } from './object/session-save.js';
import { SessionState } from './object/session-state.js';
import { sessionStateOf } from './object/state-of.js';
import { type SessionParts, sessionParts } from './session-parts.js';
import type { SessionEvents } from './stored/session-events.js';
import type { SessionWatch } from './stored/session-watch.js';
import type { ReindexOptions, ReindexProgress } from './users/reindex.js';
import type { EndOfUserOptions, OfUserOptions, UserSession } from './users/user-sessions.js';
import { cookieValues } from './wire/cookie-header.js';
import { isSessionKey, sessionKeysAmong } from './wire/session-key.js';

const DONE = Promise.resolve();

/**
 * Creates, loads, saves and ends sessions. Over HTTP, the module does this by itself for every request.
 *
 * Every call that uses the store rejects with RedisConnectionError, RedisTimeoutError or RedisServiceError if that
 * fails. It never returns an invented session instead.
 */
export class SessionService {
  /** Events: sessions that were created, cycled, flushed, interrupted or found corrupt. */
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

  /** Creates an empty session and stores it under a fresh key. */
  create<T extends object = Record<string, unknown>>(): Promise<Session<T>> {
    const state = new SessionState(this.#parts.keeper, new SessionIdentity([]));
    return logUnawaited(this.#parts.saver.save(state, true).then(() => sessionOf<T>(state)));
  }

  /**
   * Returns the session that is stored under a key. If there is none, the session is empty and has no key: an unknown
   * key is never adopted. A malformed key never reaches the store.
   */
  load<T extends object = Record<string, unknown>>(key: string): Promise<Session<T>> {
    return logUnawaited(this.#load<T>([key]));
  }

  /**
   * Returns the session of a Cookie header, for example for the handshake of a WebSocket. The caller must save it. Of
   * several session cookies, the last one whose session is stored counts.
   */
  loadFromCookieHeader<T extends object = Record<string, unknown>>(
    header: string | undefined,
  ): Promise<Session<T>> {
    return logUnawaited(this.#load<T>(cookieValues(header, this.#cookieName), this.earlierSession(header)));
  }

  /**
   * Returns a session that `ensureLoaded` loads later, if at all. A session without a key needs no loading. Of several
   * keys, the first one whose session is stored counts. At most four are looked for.
   */
  open<T extends object = Record<string, unknown>>(
    key: string | readonly string[] = [],
    earlier?: EarlierSession,
  ): Session<T> {
    const keys = sessionKeysAmong(typeof key === 'string' ? [key] : key);
    const identity = new SessionIdentity(earlier === undefined ? keys : [...keys, earlier.key], earlier);
    return sessionOf<T>(new SessionState(this.#parts.keeper, identity));
  }

  /** The session of an earlier application (`session.migrateFrom`) for a Cookie header, as an argument of `open`. */
  earlierSession(header: string | undefined): EarlierSession | undefined {
    return this.#parts.takeover?.namedIn(header);
  }

  /** Emits `rejected`: a client sent something that cannot be a session key. */
  reject(presented: string): void {
    this.#parts.events.emit('rejected', presented);
  }

  /** For what holds on to sessions for longer than a request: the sockets of gateways. */
  get watch(): SessionWatch {
    return this.#parts.watch;
  }

  /** Loads an opened session once. */
  ensureLoaded(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return state.isLoaded ? DONE : logUnawaited(this.#parts.loader.load(state));
  }

  /**
   * Saves a session, changed or not. It keeps changes that others made in the meantime. A new session gets its key.
   *
   * @throws SessionInterruptedError if the stored session was ended in the meantime; only `mustCreate` restores it.
   * @throws SessionConflictError if others kept changing it until the operation timeout.
   * @throws SessionCreateError if it must be created and is stored already.
   */
  save(session: SessionStatus, options: SaveOptions = {}): Promise<void> {
    const state = sessionStateOf(session);
    const save = async (): Promise<void> => {
      checkOptions(options, { names: ['mustCreate'] }, this, 'save');
      await this.#parts.saver.save(state, options.mustCreate === true);
    };
    return logUnawaited(save(), state);
  }

  /**
   * Ends a stored session, also if a request of the last minute has moved it to another key. Returns whether there was
   * one.
   *
   * @throws SessionConflictError if it was moved so often that some of its successors are left.
   */
  delete(session: SessionStatus | string): Promise<boolean> {
    const [keys, user] =
      typeof session === 'string' ? [[session], undefined] : foundOf(sessionStateOf(session));
    const ends = keys.filter(isSessionKey).map((key) => this.#parts.users.end(key, user));
    return logUnawaited(Promise.all(ends).then((all) => all.some(({ hasEnded }) => hasEnded)));
  }

  /** True if a session is stored under a key. */
  exists(key: string): Promise<boolean> {
    if (!isSessionKey(key)) return Promise.resolve(false);
    return logUnawaited(observeSession('exists', () => this.#parts.store.exists(key), foundOne));
  }

  /**
   * Moves a session to a fresh key at once, with its unsaved changes. A new session is created.
   *
   * @throws SessionInterruptedError, SessionConflictError as `save` does.
   */
  cycleKey(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#parts.saver.cycle(state), state);
  }

  /** Ends a session: deletes the stored one, removes the entries, and sets the key to `null`. */
  flush(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#parts.saver.flush(state), state);
  }

  /**
   * Returns the sessions of a user, the most recently used first: those that `signIn()` began, and those that were
   * saved here.
   *
   * @throws TypeError for an invalid user id.
   */
  ofUser(userId: string | number | bigint, options: OfUserOptions = {}): Promise<UserSession[]> {
    return logUnawaited(this.#parts.users.list(userId, options, this));
  }

  /**
   * Ends the sessions of a user, even if requests are using them. Returns how many there were. No session that began
   * before the call survives it. A sign-in at the same time may be refused with a SessionInterruptedError.
   *
   * @throws TypeError for an invalid user id.
   */
  endOfUser(userId: string | number | bigint, options: EndOfUserOptions = {}): Promise<number> {
    return logUnawaited(this.#parts.users.endOthers(userId, options, this));
  }

  /**
   * Ends one session of a user. Returns whether there was one. The handle of another user's session ends nothing.
   *
   * @throws TypeError for an invalid user id.
   */
  endOne(userId: string | number | bigint, handle: string): Promise<boolean> {
    return logUnawaited(this.#parts.users.endOne(userId, handle));
  }

  /**
   * Scans all sessions, so that `ofUser()` and `endOfUser()` also find those that other software has bound to a user,
   * such as Django's login. It can be repeated, and run at any time.
   */
  reindex(options: ReindexOptions = {}): Promise<ReindexProgress> {
    return logUnawaited(this.#parts.users.reindex(options, this));
  }

  /** Does nothing: Redis deletes expired sessions by itself. */
  clearExpired(): Promise<void> {
    return DONE;
  }

  /**
   * Returns the text that the store holds for these entries, or for those of a session.
   *
   * @param key the session's key; needed with `session.atRest`
   * @throws TypeError if a value, or the argument itself, is not JSON. It names the path and the fix.
   */
  encode(data: object, key?: string): string {
    return this.#parts.texts.encode(data, key);
  }

  /**
   * Returns the entries of a stored text. If it cannot be read, returns none and warns.
   *
   * @param key the session's key; needed with `session.atRest`
   */
  decode(text: string, key?: string): Record<string, unknown> {
    return this.#parts.texts.decode(text, key);
  }

  /**
   * Ends a request's use of a session: saves what must be saved, with as few commands as possible, and refuses later
   * changes. A second call returns the result of the first.
   *
   * @throws as `save` does, and a TypeError if an entry is not JSON.
   */
  commit(session: SessionStatus): Promise<CommitOutcome> {
    return logUnawaited(this.#parts.saver.commit(sessionStateOf(session)));
  }

  /**
   * Ends the use of a session by a failed request: saves nothing, but a flush stays. The result is then `deleted`,
   * otherwise `nothing`.
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

/** The keys that were looked up for a session, and the user it is bound to. */
const foundOf = ({ identity, storedUser }: SessionState): [readonly string[], string | undefined] => [
  identity.candidates,
  storedUser,
];
