import type { SessionSettings } from '../../config/settings.js';
import { SessionConflictError, SessionInterruptedError } from '../../errors/session.errors.js';
import { observeSession } from '../../telemetry/session-channel.js';
import { type SaveLane, SaveQueue } from './save-queue.js';
import type { SessionLoader } from './session-loader.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionData } from '../wire/session-data.js';
import { interruption, type SessionEventEmitter } from './session-events.js';
import type { SessionExtender } from './session-extender.js';
import type { SessionTakeover } from './session-takeover.js';
import type { CommitOutcome } from '../object/session-save.js';
import type { SessionState } from '../object/session-state.js';
import { cycleKey } from '../object/session-verbs.js';
import type { UserSessions } from '../users/user-sessions.js';
import type { SessionWriter } from './session-writer.js';

/** The most saves of one session that may wait for each other in a process. */
const MOST_WAITING = 64;

/** Decides what a save, a commit and a flush have to write, and lets those of one session queue. */
export class SessionSaver {
  readonly #queue = new SaveQueue();

  constructor(
    private readonly writer: SessionWriter,
    private readonly extender: SessionExtender,
    private readonly loader: SessionLoader,
    private readonly takeover: SessionTakeover | undefined,
    private readonly users: UserSessions,
    private readonly codec: SessionCodec,
    private readonly events: SessionEventEmitter,
    private readonly settings: Pick<SessionSettings, 'operationTimeoutMs'>,
  ) {}

  save(state: SessionState, mustCreate: boolean): Promise<void> {
    return this.#tracked(state, this.#save(state, mustCreate));
  }

  /** Moves the session to a fresh key at once. */
  cycle(state: SessionState): Promise<void> {
    return this.#tracked(state, this.#cycle(state));
  }

  commit(state: SessionState): Promise<CommitOutcome> {
    return state.use.commitOnce(() => this.#commit(state));
  }

  async discard(state: SessionState): Promise<CommitOutcome> {
    state.use.close();
    await this.#settled(state);
    return { outcome: state.use.effect === 'deleted' ? 'deleted' : 'nothing', key: state.identity.stored };
  }

  flush(state: SessionState): Promise<void> {
    const flushing = this.#flush(state);
    // If nobody awaits it here, the commit throws the failure.
    if (!state.use.isCommitted) flushing.catch(() => undefined);
    return flushing;
  }

  /** Does something to a session while no save of it runs. */
  between(state: SessionState, work: () => Promise<void>): Promise<void> {
    return this.#queue.run(state, work);
  }

  #tracked(state: SessionState, work: Promise<void>): Promise<void> {
    const saving = state.use.track(work);
    // If nobody awaits it, the commit tries again and throws the failure.
    if (state.use.request !== undefined && state.isLoaded && !state.use.isCommitted)
      saving.catch(() => undefined);
    return saving;
  }

  async #cycle(state: SessionState): Promise<void> {
    cycleKey(state);
    await this.#save(state, false);
  }

  async #save(state: SessionState, mustCreate: boolean): Promise<void> {
    state.requireLoaded();
    state.use.refuseChange();
    const { count } = state.identity.ending;
    if (state.identity.ending.running !== undefined) await state.identity.ending.running;
    await this.#inTurn(state, async (lane, deadline) => {
      // Flushed while it queued: what was to be saved is no more.
      if (state.identity.ending.count !== count) return;
      const { stored } = state.identity;
      if (mustCreate && stored !== null) return this.writer.insert(state, stored);
      return this.#write(state, lane, deadline);
    });
  }

  /** A new one is created, one with a new key moved, any other replaced. */
  #write(state: SessionState, lane: SaveLane, deadline: number): Promise<void> {
    state.decode();
    state.leaveUnreadable();
    const { stored, forksFrom, presented, mayCreate } = state.identity;
    if (stored !== null)
      return state.moving === undefined
        ? this.writer.update(state, stored, lane, deadline)
        : this.writer.move(state, stored, lane, deadline);
    if (state.moving === 'signIn' && forksFrom !== null)
      return this.writer.move(state, forksFrom, lane, deadline);
    if (mayCreate) return this.writer.create(state);
    return refuse(presented === null ? new SessionInterruptedError() : interruption(this.events, presented));
  }

  async #commit(state: SessionState): Promise<CommitOutcome> {
    if (state.identity.ending.running !== undefined || state.use.saves.size > 0) await this.#settled(state);
    if (state.identity.stored !== null ? this.#isChanged(state) : isCreated(state))
      await this.#inTurn(state, (lane, deadline) => this.#write(state, lane, deadline));
    else if (state.isExtended) await this.extender.extend(state);
    return { outcome: state.use.effect, key: state.identity.stored };
  }

  /** Waits for flushes and saves that nobody awaited. The changes of a failed save are left to the commit. */
  async #settled(state: SessionState): Promise<void> {
    await state.identity.ending.running;
    await Promise.allSettled(state.use.saves);
  }

  #isChanged(state: SessionState): boolean {
    const { isModified, isExposed } = state.entries;
    return state.moving !== undefined || isModified || (isExposed && this.#isChangedInside(state));
  }

  /** True if an entry was changed inside. Other writers spell the same content differently: `1.0`, blanks. */
  #isChangedInside(state: SessionState): boolean {
    const now = this.codec.toJson(state.entries.data);
    return (
      now !== state.entries.json &&
      now !== this.codec.toJson(this.codec.fromJson(state.entries.json) as SessionData)
    );
  }

  /**
   * Those of one session object queue first, since a save may give it another key; then those of one stored session.
   * The deadline counts from here, so that the time in the queues is part of it.
   */
  #inTurn(state: SessionState, save: (lane: SaveLane, deadline: number) => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.settings.operationTimeoutMs;
    return this.#queue.run(state, (own) => {
      const { stored } = state.identity;
      if (stored === null) return save(own, deadline);
      if (this.#queue.lengthOf(stored) >= MOST_WAITING)
        return refuse(
          new SessionConflictError(
            'The session could not be saved: too many requests save it at once. Try again.',
          ),
        );
      return this.#queue.run(stored, (lane) => save(lane, deadline));
    });
  }

  async #flush(state: SessionState): Promise<void> {
    const { earlier } = state.identity;
    if (!state.isLoaded && earlier !== undefined) await this.loader.load(state);
    state.end();
    // it is still there where the client's own session was found: the next request would take it over
    const endEarlier = earlier && (async (): Promise<void> => this.takeover?.end(earlier));
    await state.identity.ending.run(async (key, user) => {
      const ended = await this.users.end(key, user, endEarlier);
      // of one that had ended before, the cookie may be another login's by now
      if (ended.hasEnded || !ended.hasMetTrace) state.use.record('deleted');
      return ended;
    });
  }
}

/** Fails a save that needs no command to be known to fail. */
const refuse = (error: Error): Promise<never> => observeSession('save', () => Promise.reject(error));

/** True if a commit stores a session that is not stored, or is refused to. */
const isCreated = (state: SessionState): boolean =>
  state.isLoaded && (state.moving !== undefined || !state.isEmpty || isRefused(state));

/** True if something was written that may not be saved, so that the request must learn of it. */
const isRefused = (state: SessionState): boolean => state.entries.isModified && !state.identity.mayCreate;
