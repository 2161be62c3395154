import type { Clock } from '../../common/clock.js';
import type { SessionSettings } from '../../config/settings.js';
import { getEntry, type SessionData, setEntry } from '../wire/session-data.js';
import { EXPIRY_ENTRY, type SessionExpiryRules } from './session-expiry.js';

/** The entry that says when a session began, in milliseconds since the epoch. It is there with an absolute timeout only. */
export const STARTED_ENTRY = '_codex_started';

/** The entry that says when the user last proved to be the user, in milliseconds since the epoch. */
export const CONFIRMED_ENTRY = '_codex_confirmed';

/** The touch interval where none is configured, as a part of the idle timeout. */
const TOUCHES_IN_IDLE_TIMEOUT = 10;

/** The timestamp of a stored text says its second only. */
const TIMESTAMP_MS = 1000;

export type LifetimeSettings = Pick<
  SessionSettings,
  'idleTimeout' | 'absoluteTimeout' | 'touchInterval' | 'saveEveryRequest' | 'recordsSignIns'
>;

/**
 * Decides when sessions end: by their own expiry or the configured age, when they have not been used for the idle
 * timeout, or when the absolute timeout since their start has passed, whichever is first.
 */
export class SessionLifetime {
  readonly #idleMs: number | undefined;
  readonly #absoluteMs: number | undefined;
  readonly #touchMs: number;
  readonly #extendsAlways: boolean;
  readonly #recordsSignIns: boolean;

  constructor(
    {
      idleTimeout,
      absoluteTimeout,
      touchInterval,
      saveEveryRequest,
      recordsSignIns = false,
    }: LifetimeSettings,
    private readonly expiry: SessionExpiryRules,
    private readonly clock: Clock,
  ) {
    this.#idleMs = idleTimeout;
    this.#absoluteMs = absoluteTimeout;
    this.#touchMs = touchInterval ?? (idleTimeout ?? 0) / TOUCHES_IN_IDLE_TIMEOUT;
    this.#extendsAlways = saveEveryRequest;
    this.#recordsSignIns = recordsSignIns;
  }

  /** Milliseconds that a session which is saved or touched now has left; under 1 when it has ended already. */
  timeToLive(data: SessionData): number {
    return Math.min(
      this.expiry.timeToLive(getEntry(data, EXPIRY_ENTRY)),
      this.#idleMs ?? Infinity,
      this.#leftOfAbsolute(data),
    );
  }

  /**
   * True if a session has ended, whatever ttl its store gave it.
   *
   * @param savedAt when its text was signed, in milliseconds since the epoch
   */
  isOver(data: SessionData, savedAt: number | undefined): boolean {
    if (this.expiry.isOver(getEntry(data, EXPIRY_ENTRY))) return true;
    if (this.#leftOfAbsolute(data) <= 0) return true;
    return (
      this.#idleMs !== undefined &&
      savedAt !== undefined &&
      savedAt + TIMESTAMP_MS + this.#idleMs <= this.clock.now()
    );
  }

  /**
   * Whole seconds, or a part of one, that the cookie is to live; `undefined` where it ends with the browser. With an idle
   * timeout it outlives that, since reading extends the session and sends no cookie.
   */
  cookieAge(data: SessionData): number | undefined {
    const own = getEntry(data, EXPIRY_ENTRY);
    if (this.expiry.atBrowserClose(own)) return undefined;
    const age = this.expiry.age(own);
    const left = this.#leftOfAbsolute(data) / 1000;
    const isAgeOpen = this.#idleMs !== undefined && (own ?? null) === null && left !== Infinity;
    return isAgeOpen ? left : Math.min(age, left);
  }

  /** True if any request extends a session that it does not change. */
  get extends(): boolean {
    return this.#extendsAlways || this.#idleMs !== undefined;
  }

  /**
   * True if the timestamp of a stored text says when the session was last used, so that extending it signs it again.
   */
  get isUseSigned(): boolean {
    return this.#idleMs !== undefined;
  }

  /** True if a request is to extend a session that it did not change. */
  isExtensionDue(savedAt: number | undefined): boolean {
    if (this.#extendsAlways) return true;
    if (this.#idleMs === undefined || savedAt === undefined) return false;
    const second = Math.floor(this.clock.now() / TIMESTAMP_MS) * TIMESTAMP_MS;
    return second - savedAt >= this.#touchMs;
  }

  /**
   * Gives entries that have none the start of their session.
   *
   * @param savedAt when they are known to have been stored already
   * @returns whether it had none
   */
  stamp(data: SessionData, savedAt: number | undefined): boolean {
    if (this.#absoluteMs === undefined || startOf(data) !== undefined) return false;
    setEntry(data, STARTED_ENTRY, savedAt ?? this.clock.now());
    return true;
  }

  /** A user has signed in: the session of a new one begins now. */
  noteSignIn(data: SessionData, isNewUser: boolean): void {
    if (isNewUser && this.#absoluteMs !== undefined) setEntry(data, STARTED_ENTRY, this.clock.now());
    if (this.#recordsSignIns || getEntry(data, CONFIRMED_ENTRY) !== undefined) this.confirm(data);
  }

  /** The user has proved to be the user. */
  confirm(data: SessionData): void {
    setEntry(data, CONFIRMED_ENTRY, this.clock.now());
  }

  /** Milliseconds since the last sign-in or confirmation; `Infinity` where none is known. */
  sinceConfirmation(data: SessionData): number {
    const confirmed = getEntry(data, CONFIRMED_ENTRY);
    // one in the future was written by a clock that was wrong, and tells nothing of when it was
    return typeof confirmed === 'number' ? Math.abs(this.clock.now() - confirmed) : Infinity;
  }

  /** A session without a known start has no limit. */
  #leftOfAbsolute(data: SessionData): number {
    const start = this.#absoluteMs === undefined ? undefined : startOf(data);
    if (start === undefined || this.#absoluteMs === undefined) return Infinity;
    const now = this.clock.now();
    return Math.min(start, now) + this.#absoluteMs - now;
  }
}

/** The start of a session, in milliseconds since the epoch; `undefined` if it is not known. */
export const startOf = (data: SessionData): number | undefined => {
  const start = getEntry(data, STARTED_ENTRY);
  return typeof start === 'number' ? start : undefined;
};
