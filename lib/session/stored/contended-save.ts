import { setTimeout as delay } from 'node:timers/promises';
import { SessionConflictError } from '../../errors/session.errors.js';
import type { MoveOutcome } from '../../store/trace.js';
import type { SaveInProgress } from '../object/session-save.js';
import type { SaveLane } from './save-queue.js';
import type { Draft, SessionDrafts } from './session-drafts.js';
import { interruption, type SessionEventEmitter } from './session-events.js';
import type { SessionStore } from './session-store.js';

/** The longest pause before a save under contention is tried again, in times that a try takes. */
const LONGEST_PAUSE = 32;

/** The stored session that a save competes for. */
export interface Contest {
  readonly key: string;
  readonly lane: SaveLane;
  /** The time at which it is given up, by `performance.now()`. */
  readonly deadline: number;
  /** Undoes what was written beside it, where it is given up. */
  readonly abandon?: () => Promise<void>;
}

/** Saves a session that others may save at the same time: nothing is written over what the save has not seen. */
export class ContendedSave {
  constructor(
    private readonly store: SessionStore,
    private readonly drafts: SessionDrafts,
    private readonly events: SessionEventEmitter,
  ) {}

  /**
   * Tries a compare-and-set or its like until nobody was faster: what others wrote in the meantime is merged each time.
   *
   * @returns what was written
   * @throws SessionInterruptedError when the session was ended, SessionConflictError after the deadline
   */
  async untilUnchanged(
    save: SaveInProgress,
    first: Draft,
    { key, lane, deadline, abandon }: Contest,
    attempt: (expected: string | null, draft: Draft) => Promise<MoveOutcome>,
  ): Promise<Draft> {
    let expected = save.text;
    let draft = first;
    if (lane.latest !== undefined && lane.latest !== expected) {
      expected = lane.latest;
      draft = this.drafts.merge(save, first, expected, key);
    }
    let begun = 0;
    for (let tried = 0; ; tried++) {
      const result = await attempt(expected, draft);
      if (result.outcome === 'done' || result.outcome === 'forked') return draft;
      const now = performance.now();
      const isGone = result.outcome === 'missing';
      if (isGone || now >= deadline) {
        await abandon?.();
        throw isGone ? interruption(this.events, key) : new SessionConflictError();
      }
      expected = result.current;
      if (tried > 0) {
        await delay(Math.min(pauseAfter(tried, now - begun), deadline - now));
        // after the pause another text is likely to be there
        expected = (await this.store.read(key)) ?? expected;
      }
      draft = this.drafts.merge(save, first, expected, key);
      begun = performance.now();
    }
  }
}

/** Many who try again need a longer pause than a few, and a slow Redis a longer one than a fast: both show in the tries. */
const pauseAfter = (tried: number, tookMs: number): number =>
  Math.random() * tookMs * Math.min(LONGEST_PAUSE, 2 ** (tried + 1));
