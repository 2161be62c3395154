import { newSessionKey } from '../wire/session-key.js';
import { SessionEnding } from './session-ending.js';

/**
 * The result of looking for a key in the store: a session, nothing, or the trace of one that was moved to another key
 * or ended less than a minute ago. A moved one has a `text` if a sign-in may continue with it.
 */
export type FoundSession = { readonly key: string | null } & (
  | { readonly state: 'stored'; readonly text: string }
  | { readonly state: 'moved'; readonly text?: string }
  | { readonly state: 'unknown' | 'ended' }
);

/** A session of an earlier application. */
export interface EarlierSession {
  /** Its key in Redis. */
  readonly redisKey: string;
  /** The key that it is to have here. */
  readonly key: string;
}

/** The way a session gets a new key: only a sign-in may do so when another request was faster. */
export type MoveKind = 'cycle' | 'signIn';

/** Under which keys a session is found, stored, and going to be stored. */
export class SessionIdentity {
  #candidates: readonly string[];
  /** The keys that it was found under and has left since. */
  #left: readonly string[] = [];
  #found: FoundSession['state'] | 'unloaded' | 'none';
  #stored: string | null = null;
  #drawn: string | null = null;
  #startsAfresh = false;
  #isNavigation = false;

  /** @param candidates the keys that may be its own, the likeliest first */
  constructor(
    candidates: readonly string[],
    /** The session of an earlier application that the client still has the cookie of. */
    readonly earlier?: EarlierSession,
    readonly ending = new SessionEnding(),
  ) {
    this.#candidates = candidates;
    this.#found = candidates.length === 0 ? 'none' : 'unloaded';
  }

  get isLoaded(): boolean {
    return this.#found !== 'unloaded';
  }

  /** The keys that are to be looked for: until it is loaded there may be several. */
  get candidates(): readonly string[] {
    return this.#candidates;
  }

  /** Every key that it was found under, or is going to be stored under. */
  get names(): readonly string[] {
    return [...this.#left, ...this.#candidates, ...(this.#drawn === null ? [] : [this.#drawn])];
  }

  /** The key that the client sent. */
  get presented(): string | null {
    return this.#candidates[0] ?? null;
  }

  /** The key the client will have: a new one as soon as it is decided. */
  get key(): string | null {
    return this.#drawn ?? this.#stored;
  }

  /** The key something is stored under, as far as is known. */
  get stored(): string | null {
    return this.#stored;
  }

  /** The key that the next save is to store it under, if that is a new one. */
  get drawn(): string | null {
    return this.#drawn;
  }

  /** True if the client's key was moved or ended a moment ago, by somebody else than this request. */
  get hasTrace(): boolean {
    return (
      !this.ending.hasEnded && (this.ending.hasMetTrace || this.#found === 'moved' || this.#found === 'ended')
    );
  }

  /** The moved key whose successor a sign-in makes. */
  get forksFrom(): string | null {
    return this.#found === 'moved' && this.ending.count === 0 ? this.presented : null;
  }

  /**
   * True if written entries may be stored under a new key. A late request must not replace the cookie of a login, so
   * after a move or an ending a new session takes a decision for it, or a visitor who opens a page.
   */
  get mayCreate(): boolean {
    if (this.#startsAfresh || !this.hasTrace) return true;
    return this.#found === 'ended' && this.#isNavigation;
  }

  /** The identity of the session that takes the place of this one: it also ends what this one has to end. */
  handOver(): SessionIdentity {
    const next = new SessionIdentity(this.#candidates, undefined, this.ending);
    next.#isNavigation = this.#isNavigation;
    next.#found = this.#found;
    next.#stored = this.#stored;
    next.#drawn = this.#drawn;
    next.#startsAfresh = this.#startsAfresh;
    return next;
  }

  attach(found: FoundSession): void {
    this.#found = found.state;
    this.#candidates = found.key === null ? [] : [found.key];
    this.#stored = found.state === 'stored' ? found.key : null;
    this.#drawn = null;
  }

  /** To be called when the session that was found has ended by its own expiry. */
  expire(): void {
    this.#found = 'unknown';
    this.#stored = null;
  }

  /** Draws a new key, in place of one that was drawn for a save before. */
  draw(): void {
    this.#drawn = newSessionKey();
  }

  /** Draws the key of a session that has none. */
  drawFirst(): void {
    if (this.#stored === null && this.#drawn === null && this.mayCreate) this.draw();
  }

  /** A browser's navigation asks, rather than a page that polls. */
  noteNavigation(): void {
    this.#isNavigation = true;
  }

  /** From here on it is stored afresh whatever was found. */
  startAfresh(): void {
    this.#startsAfresh = true;
  }

  /**
   * Gives up every key, for those to be ended that may be stored.
   *
   * @param user whom the stored session is bound to
   */
  end(user: string | undefined): void {
    const keys = this.#found === 'unknown' || this.#stored !== null ? [this.#stored] : this.#candidates;
    this.ending.ask(keys, user);
    if (this.#found === 'unloaded') this.#found = 'unknown';
    this.#candidates = this.#left = [];
    this.#stored = this.#drawn = null;
  }

  /** It is stored under a key now; one that was drawn since that save began is the next save's. */
  settle(key: string): void {
    this.#left = [...this.#left, ...this.#candidates.filter((candidate) => candidate !== key)];
    this.#stored = key;
    this.#candidates = [key];
    if (this.#drawn === key) this.#drawn = null;
  }

  /** The key that was drawn for a failed save may be taken now, by that very save. */
  redraw(drawn: string | null): void {
    if (drawn !== null && this.#drawn === drawn) this.draw();
  }
}
