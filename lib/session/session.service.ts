import type { SessionSettings } from '../config/settings.js';
import { SessionInterruptedError } from '../errors/session.errors.js';
import { assertJson, JsonSerializer } from '../serializer/json-serializer.js';
import type { Serializer } from '../serializer/serializer.js';
import { BoundedWarnings } from '../common/bounded-warnings.js';
import type { Clock } from '../common/clock.js';
import { sessionLogger } from '../common/loggers.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { foundOne, observeSession } from '../telemetry/session-channel.js';
import { logUnawaited } from './object/log-unawaited.js';
import { cookieValues } from './wire/cookie-header.js';
import { SessionCodec } from './wire/session-codec.js';
import type { SessionData } from './wire/session-data.js';
import { SessionEventEmitter, type SessionEvents } from './stored/session-events.js';
import { EXPIRY_ENTRY, SessionExpiryRules } from './object/session-expiry.js';
import { SessionLifetime } from './object/session-lifetime.js';
import { isSessionKey, sessionKeysAmong } from './wire/session-key.js';
import { hashedNames, plainNames } from './wire/session-name.js';
import { formOf } from './wire/form-of.js';
import { sessionOf } from './object/session-proxy.js';
import { SessionReader, type SessionWarning } from './stored/session-reader.js';
import { SessionSigner } from './wire/session-signer.js';
import { type EarlierSession, type FoundSession, SessionIdentity } from './object/session-identity.js';
import type { CommitOutcome } from './object/session-save.js';
import { type SessionKeeper, SessionState } from './object/session-state.js';
import { isSession, sessionStateOf } from './object/state-of.js';
import { expose } from './object/session-verbs.js';
import { SessionEnder } from './stored/session-ender.js';
import { SessionRollout } from './stored/session-rollout.js';
import { SessionSaver } from './stored/session-saver.js';
import { SessionStore } from './stored/session-store.js';
import { SessionTakeover } from './stored/session-takeover.js';
import { SessionWriter } from './stored/session-writer.js';
import { userIdOf, userOf } from './object/session-user.js';
import { Memberships } from './users/memberships.js';
import type { ReindexOptions, ReindexProgress } from './users/reindex.js';
import { UserIndex } from './users/user-index.js';
import { type UserSession, UserSessions } from './users/user-sessions.js';
import type { Session, SessionStatus } from './object/session.js';

/** How a session is to be saved. */
export interface SaveOptions {
  /**
   * Store it only if nothing is stored under its key. That brings back a session that was ended meanwhile; leave it
   * out where that must not be.
   */
  readonly mustCreate?: boolean;
}

/** Which session of the list is the request's own. */
export interface OfUserOptions {
  /** The session of the request, which `current` marks in the list. */
  readonly current?: SessionStatus | undefined;
}

/** Which session of the user goes on. */
export interface EndOfUserOptions {
  /** The session of the request, under the key that it was loaded with and the one that it will have. */
  readonly except?: SessionStatus | undefined;
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

  readonly #events: SessionEventEmitter;
  readonly #store: SessionStore;
  readonly #codec: SessionCodec;
  readonly #reader: SessionReader;
  readonly #users: UserSessions;
  readonly #saver: SessionSaver;
  readonly #keeper: SessionKeeper;
  readonly #takeover: SessionTakeover | undefined;
  readonly #rollout: SessionRollout | undefined;
  readonly #cookieName: string;
  readonly #isAtRest: boolean;

  constructor(
    store: KeyValueStore,
    settings: SessionSettings,
    clock: Clock,
    serializer: Serializer = new JsonSerializer(),
  ) {
    const { age, atRest, expireAtBrowserClose, operationTimeoutMs } = settings;
    const signer = new SessionSigner(settings.secretKeys.reveal(), settings.salt);
    const naming = atRest?.hashKeys === true ? hashedNames : plainNames;
    const codec = new SessionCodec(formOf(settings, signer, clock), serializer, clock, naming);
    const warnings = new BoundedWarnings<SessionWarning>(sessionLogger, clock);
    const expiry = new SessionExpiryRules({ age, expireAtBrowserClose }, clock, (message) =>
      warnings.warn('expiry', message),
    );
    const lifetime = new SessionLifetime(settings, expiry, clock);
    const events = new SessionEventEmitter((key) => signer.fingerprint(naming(key)), sessionLogger);
    this.events = this.#events = events;
    this.#store = new SessionStore(store, settings, naming, plainKeysUntil(settings, clock));
    this.#codec = codec;
    this.#reader = new SessionReader(codec, events, warnings, settings.maxBytes);
    this.#rollout =
      atRest?.hashKeys === true && atRest.since !== undefined
        ? new SessionRollout(store, this.#store, codec, settings)
        : undefined;
    this.#cookieName = settings.cookie.name;
    this.#isAtRest = atRest !== undefined;
    this.#takeover =
      settings.migrateFrom &&
      new SessionTakeover(settings.migrateFrom, store, this.#store, codec, signer, events, lifetime);
    const ender = new SessionEnder(this.#store, events);
    const index = new UserIndex(store, settings.projectName, naming);
    this.#users = new UserSessions(index, this.#store, ender, codec, lifetime, clock);
    const memberships = new Memberships(index, this.#store, ender, settings, clock);
    const writer = new SessionWriter(
      this.#store,
      codec,
      this.#reader,
      lifetime,
      memberships,
      events,
      settings.maxBytes,
    );
    this.#saver = new SessionSaver(writer, this.#users, codec, events, { operationTimeoutMs });
    this.#keeper = {
      expiry,
      lifetime,
      read: (text, key) => this.#reader.read(text, key),
      userOf: (text, key) => userOf(codec.decode(text, key).data),
      check: (name, value, callee) => checkEntry(expiry, name, value, callee),
      expired: (key) => events.emit('expired', key),
      save: (state) => logUnawaited(this.#saver.save(state, false), state),
      flush: (state) => logUnawaited(this.#flush(state), state),
      replace: (state) => {
        const next = state.use.request === undefined ? state : state.handOver();
        state.use.request?.replaceSession(sessionOf(next));
        return next;
      },
      reload: (state) => logUnawaited(this.#reload(state), state),
    };
  }

  /** A new, empty session, stored under a fresh key. */
  create<T extends object = Record<string, unknown>>(): Promise<Session<T>> {
    const state = new SessionState(this.#keeper, new SessionIdentity([]));
    return logUnawaited(this.#saver.save(state, true).then(() => sessionOf<T>(state)));
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
    return sessionOf<T>(new SessionState(this.#keeper, identity));
  }

  /** The session of an earlier application (`session.migrateFrom`) that a Cookie header names, for `open`. */
  earlierSession(header: string | undefined): EarlierSession | undefined {
    return this.#takeover?.namedIn(header);
  }

  /** Tells listeners of `rejected` that a client presented what can be no session key. */
  reject(presented: string): void {
    this.#events.emit('rejected', presented);
  }

  /** Loads an opened session, once. */
  ensureLoaded(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return state.isLoaded ? DONE : logUnawaited(this.#loadOnce(state));
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
    return logUnawaited(this.#saver.save(state, options.mustCreate === true), state);
  }

  /**
   * Ends a stored session, also where a request of the last minute has moved it to another key; whether there was one.
   *
   * @throws SessionConflictError when it was moved so often that some of its successors are left.
   */
  delete(session: SessionStatus | string): Promise<boolean> {
    const { candidates: keys, user } =
      typeof session === 'string' ? { candidates: [session], user: undefined } : foundOf(session);
    const ends = keys.filter(isSessionKey).map((key) => this.#users.end(key, user));
    return logUnawaited(Promise.all(ends).then((all) => all.some(({ hasEnded }) => hasEnded)));
  }

  /** Whether a session is stored under a key. */
  exists(key: string): Promise<boolean> {
    if (!isSessionKey(key)) return Promise.resolve(false);
    return logUnawaited(observeSession('exists', () => this.#store.exists(key), foundOne));
  }

  /**
   * Moves a session to a fresh key at once, with its unsaved changes; a new one is created.
   *
   * @throws SessionInterruptedError, SessionConflictError as `save` does.
   */
  cycleKey(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#saver.cycle(state), state);
  }

  /** Ends a session: the stored one is deleted, the entries are gone, and the key is `null`. */
  flush(session: SessionStatus): Promise<void> {
    const state = sessionStateOf(session);
    return logUnawaited(this.#flush(state), state);
  }

  /**
   * The sessions of a user, the last used first: those that `signIn()` began, or that a save here met.
   *
   * @throws TypeError for what is no id of a user.
   */
  ofUser(userId: string | number | bigint, options: OfUserOptions = {}): Promise<UserSession[]> {
    return logUnawaited(
      attempt(() => this.#users.list(userIdOf(userId, 'ofUser()'), keysOf(options.current))),
    );
  }

  /**
   * Ends the sessions of a user, in whatever requests they are in use; how many there were. None of those that began before
   * the call outlives it; a sign-in beside it may be refused with a SessionInterruptedError.
   *
   * @throws TypeError for what is no id of a user.
   */
  endOfUser(userId: string | number | bigint, options: EndOfUserOptions = {}): Promise<number> {
    return logUnawaited(
      attempt(() => this.#users.endOthers(userIdOf(userId, 'endOfUser()'), keysOf(options.except))),
    );
  }

  /**
   * Ends one session of a user; whether there was one. The handle of another user's session ends nothing.
   *
   * @throws TypeError for what is no id of a user.
   */
  endOne(userId: string | number | bigint, handle: string): Promise<boolean> {
    return logUnawaited(attempt(() => this.#users.endOne(userIdOf(userId, 'endOne()'), handle)));
  }

  /**
   * Walks over all sessions, and lets `ofUser()` and `endOfUser()` find those that something else has bound to a user, such as
   * Django's login. May be repeated and run beside everything else.
   */
  reindex(options: ReindexOptions = {}): Promise<ReindexProgress> {
    return logUnawaited(attempt(() => this.#users.reindex(options)));
  }

  /** Does nothing: Redis deletes expired sessions by itself. */
  clearExpired(): Promise<void> {
    return DONE;
  }

  /**
   * The text that stands in the store for these entries, or for those of a session.
   *
   * @param key the session's key, which the text is for with `session.atRest`
   * @throws TypeError when a value, or what is given itself, is not JSON; it names the path and the cure.
   */
  encode(data: object, key?: string): string {
    if (Array.isArray(data) || (data as unknown) === null)
      throw new TypeError('encode takes an object of entries, not an array or null');
    const entries = isSession(data) ? expose(sessionStateOf(data)) : (data as SessionData);
    return this.#codec.seal(this.#codec.toJson(entries), this.#keyOf('encode', key));
  }

  /**
   * The entries of a stored text; none, with a warning, when it cannot be read.
   *
   * @param key the session's key, which the text is for with `session.atRest`
   */
  decode(text: string, key?: string): Record<string, unknown> {
    return this.#reader.read(text, this.#keyOf('decode', key), false).data;
  }

  /**
   * Ends the use of a session by a request: what is to be saved is saved, with as few commands as can be, and later
   * changes are refused. A second call gives the outcome of the first.
   *
   * @throws as `save` does, and a TypeError when an entry holds what is not JSON.
   */
  commit(session: SessionStatus): Promise<CommitOutcome> {
    return logUnawaited(this.#saver.commit(sessionStateOf(session)));
  }

  /**
   * Ends the use of a session by a request that failed: nothing is saved, but a flush stands. The outcome is
   * `deleted` then, else `nothing`.
   */
  discard(session: SessionStatus): Promise<CommitOutcome> {
    return logUnawaited(this.#saver.discard(sessionStateOf(session)));
  }

  /** Only at rest is a text one key's. */
  #keyOf(method: string, key: string | undefined): string {
    if (key === undefined && this.#isAtRest)
      throw new TypeError(
        `With session.atRest, sessions.${method}() takes the session's key as its second argument`,
      );
    return key ?? '';
  }

  async #load<T extends object>(keys: readonly string[], earlier?: EarlierSession): Promise<Session<T>> {
    const session = this.open<T>(keys, earlier);
    const state = sessionStateOf(session);
    await this.#loadOnce(state);
    state.decode();
    return session;
  }

  #loadOnce(state: SessionState): Promise<void> {
    return state.isLoaded ? DONE : state.loadOnce(() => this.#findPresented(state));
  }

  async #findPresented(state: SessionState): Promise<FoundSession> {
    const found = await this.#find('load', state);
    if (found.state === 'unknown' && found.key !== null) this.#events.emit('rejected', found.key);
    return found;
  }

  #find(operation: 'load' | 'reload', state: SessionState): Promise<FoundSession> {
    const find = (): Promise<FoundSession> => this.#findAny(state);
    // without a key nothing is looked for
    if (state.identity.candidates.length === 0) return find();
    return observeSession(operation, find, (found) => (found.state === 'stored' ? 'hit' : 'miss'));
  }

  async #findAny({ identity, use }: SessionState): Promise<FoundSession> {
    const { candidates, earlier } = identity;
    const presented = await this.#store.find(candidates);
    const found =
      this.#rollout === undefined ? presented : await this.#rollout.proceed(candidates, presented);
    if (earlier === undefined || this.#takeover === undefined) return found;
    const reached = await this.#takeover.proceed(earlier, found);
    // the client has not been given this key, whichever of its requests has stored it
    if (reached.state === 'stored' && reached.key === earlier.key) use.record('created');
    return reached;
  }

  /** The session of an earlier application ends only where it was taken over: a later request would do that again. */
  #flush(state: SessionState): Promise<void> {
    return state.isLoaded || state.identity.earlier === undefined
      ? this.#saver.flush(state)
      : this.#loadOnce(state).then(() => this.#saver.flush(state));
  }

  /** When the store cannot be read the session stays what it was. */
  #reload(state: SessionState): Promise<void> {
    return this.#saver.between(state, async () => {
      const { presented: key } = state.identity;
      const found = await this.#find('reload', state);
      // flushed meanwhile: what was found belongs to a session that is no more
      if (state.identity.presented !== key) return;
      state.renew(found);
      if (key !== null && found.state !== 'stored') throw new SessionInterruptedError();
    });
  }
}

const checkEntry = (expiry: SessionExpiryRules, name: string, value: unknown, callee: unknown): void => {
  try {
    if (name === EXPIRY_ENTRY) expiry.checkEntry(value);
    else assertJson(value, name);
  } catch (error) {
    if (callee !== undefined) Error.captureStackTrace(error as Error, callee as () => void);
    throw error;
  }
};

/** A throw becomes a rejection. */
const attempt = <T>(work: () => Promise<T>): Promise<T> => Promise.resolve().then(work);

/** The keys that a session has been found under, and the user it is bound to. */
const foundOf = (session: SessionStatus): { candidates: readonly string[]; user: string | undefined } => {
  const { identity, storedUser: user } = sessionStateOf(session);
  return { candidates: identity.candidates, user };
};

/** The keys that a session was loaded with and will have. */
const keysOf = (session: SessionStatus | undefined): readonly string[] => {
  if (session === undefined) return [];
  const { identity } = sessionStateOf(session);
  return [...identity.candidates, identity.key].filter((key) => key !== null);
};

/** Whether sessions may still stand under their keys, since the hashes of these came later. */
const plainKeysUntil = ({ atRest, age }: SessionSettings, clock: Clock): (() => boolean) => {
  if (atRest?.hashKeys !== true || atRest.since === undefined) return () => false;
  const end = atRest.since + age * 1000;
  return () => clock.now() < end;
};
