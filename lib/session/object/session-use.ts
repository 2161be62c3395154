import { alreadyCommitted, alreadyReplaced, readOnly } from './session-refusals.js';
import type { SessionRequest } from './session-request.js';
import type { CommitOutcome, SessionEffect } from './session-save.js';

/**
 * `committed` with a response, or `replaced` by the session that `regenerate()` gave the request; `readOnly` where no
 * response follows.
 */
type Phase = 'open' | 'committed' | 'replaced' | 'readOnly';

/** A request's use of its session, and the result. */
export class SessionUse {
  #phase: Phase = 'open';
  #isAccessed = false;
  #isInspected = false;
  #effect: SessionEffect = 'nothing';
  #commitment: Promise<CommitOutcome> | undefined;
  #request: SessionRequest | undefined;

  /** @param saves those in progress */
  constructor(readonly saves = new Set<Promise<void>>()) {}

  get request(): SessionRequest | undefined {
    return this.#request;
  }

  get isCommitted(): boolean {
    return this.#phase === 'committed';
  }

  get isReadOnly(): boolean {
    return this.#phase === 'readOnly';
  }

  get isAccessed(): boolean {
    return this.#isAccessed;
  }

  /** True if its key or state was looked at, which is one visitor's as the entries are. */
  get isInspected(): boolean {
    return this.#isInspected;
  }

  /** The last change of the stored session. */
  get effect(): SessionEffect {
    return this.#effect;
  }

  /** Begins the use of the session by a request, which saves it at the end. */
  serve(request: SessionRequest): void {
    this.#request = request;
  }

  noteAccess(): void {
    this.#isAccessed = true;
  }

  noteInspection(): void {
    this.#isInspected = true;
  }

  /** A client that has to learn a new key learns it, whatever was saved under that afterwards. */
  record(effect: SessionEffect): void {
    const isNewToClient = this.#effect === 'created' || this.#effect === 'cycled';
    if (effect === 'saved' && isNewToClient) return;
    if (effect === 'touched' && this.#effect !== 'nothing') return;
    this.#effect = effect;
  }

  /** Knows a save until it has ended. */
  track(work: Promise<void>): Promise<void> {
    const saving: Promise<void> = work.finally(() => this.saves.delete(saving));
    this.saves.add(saving);
    return saving;
  }

  /** @throws SessionStateError when what is changed from here on would be lost. */
  refuseChange(): void {
    if (this.isReadOnly) throw readOnly();
    this.refuseAfterEnd();
  }

  /** @throws SessionStateError when its use by a request is over. */
  refuseAfterEnd(): void {
    if (this.#phase === 'replaced') throw alreadyReplaced();
    if (this.#phase === 'committed') throw alreadyCommitted();
  }

  /** It belongs to a request that no response follows. To be called before its entries are decoded. */
  beReadOnly(): void {
    this.#phase = 'readOnly';
  }

  /** Later changes would be lost. */
  close(): void {
    if (this.#phase === 'open') this.#phase = 'committed';
  }

  /** The commit failed, and an exception filter may save what it changes. */
  reopen(): void {
    if (this.#phase === 'committed') this.#phase = 'open';
  }

  commitOnce(commit: () => Promise<CommitOutcome>): Promise<CommitOutcome> {
    if (this.#phase === 'replaced') return Promise.reject(alreadyReplaced());
    this.close();
    return (this.#commitment ??= commit());
  }

  /** The use of the session that replaces this one. */
  handOver(): SessionUse {
    const next = new SessionUse(this.saves);
    next.#request = this.#request;
    next.#isInspected = this.#isInspected;
    next.#effect = this.#effect;
    this.#phase = 'replaced';
    return next;
  }
}
