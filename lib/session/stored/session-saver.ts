import type { SessionSettings } from '../../config/settings.js';
import { SessionStateError } from '../../errors/session.errors.js';
import { type SaveLane, SaveQueue } from './save-queue.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionData } from '../wire/session-data.js';
import type { SessionEventEmitter } from './session-events.js';
import type { CommitOutcome } from '../object/session-save.js';
import type { SessionState } from '../object/session-state.js';
import type { SessionStore } from './session-store.js';
import type { SessionWriter } from './session-writer.js';

/** Decides what a save, a commit and a flush have to write, and lets those of one session queue. */
export class SessionSaver {
  readonly #queue = new SaveQueue();

  constructor(
    private readonly store: SessionStore,
    private readonly writer: SessionWriter,
    private readonly codec: SessionCodec,
    private readonly events: SessionEventEmitter,
    private readonly settings: Pick<SessionSettings, 'saveEveryRequest' | 'operationTimeoutMs'>,
  ) {}

  save(state: SessionState, mustCreate: boolean): Promise<void> {
    return this.#underWay(state, this.#save(state, mustCreate));
  }

  /** Moves the session to a fresh key at once. */
  cycle(state: SessionState): Promise<void> {
    return this.#underWay(state, this.#cycle(state));
  }

  commit(state: SessionState): Promise<CommitOutcome> {
    return state.commitOnce(() => this.#commit(state));
  }

  async discard(state: SessionState): Promise<CommitOutcome> {
    state.committed = true;
    await this.#settled(state);
    return { outcome: state.effect === 'deleted' ? 'deleted' : 'nothing', key: state.key };
  }

  flush(state: SessionState): Promise<void> {
    const flushing = this.#flush(state);
    // Whoever does not await it here meets a failure at the commit.
    if (!state.committed) flushing.catch(() => undefined);
    return flushing;
  }

  /** Does something to a session while no save of it is under way. */
  between(state: SessionState, work: () => Promise<void>): Promise<void> {
    return this.#queue.run(state, work);
  }

  #underWay(state: SessionState, work: Promise<void>): Promise<void> {
    const saving: Promise<void> = work.finally(() => state.saves.delete(saving));
    state.saves.add(saving);
    // Whoever does not await it meets a failure at the commit, which tries again.
    if (state.request !== undefined && state.isLoaded && !state.committed) saving.catch(() => undefined);
    return saving;
  }

  async #cycle(state: SessionState): Promise<void> {
    state.requestCycle();
    await this.#save(state, false);
  }

  async #save(state: SessionState, mustCreate: boolean): Promise<void> {
    state.requireLoaded();
    if (state.committed)
      throw new SessionStateError(
        'The session was already committed with the response and cannot be saved again; load it anew with ' +
          'SessionService.load() and save that',
      );
    if (state.ending !== undefined) await state.ending;
    const { endings } = state;
    await this.#inTurn(state, async (lane, deadline) => {
      const { key } = state;
      // Flushed while it queued: what was to be saved is no more.
      if (state.endings !== endings) return;
      if (key === null) return this.writer.create(state);
      if (mustCreate) return this.writer.insert(state, key);
      return state.cycling
        ? this.writer.cycle(state, key, lane, deadline)
        : this.writer.update(state, key, lane, deadline);
    });
  }

  async #commit(state: SessionState): Promise<CommitOutcome> {
    if (state.ending !== undefined || state.saves.size > 0) await this.#settled(state);
    const { key } = state;
    if (key === null) {
      if (state.cycling || !state.isEmpty) await this.#inTurn(state, () => this.writer.create(state));
    } else if (state.isLoaded) await this.#commitStored(state, key);
    return { outcome: state.effect, key: state.key };
  }

  /** Waits for flushes and saves that nobody awaited. What a save failed to save is left to the commit. */
  async #settled(state: SessionState): Promise<void> {
    await state.ending;
    await Promise.allSettled(state.saves);
  }

  async #commitStored(state: SessionState, key: string): Promise<void> {
    if (state.cycling)
      await this.#inTurn(state, (lane, deadline) => this.writer.cycle(state, key, lane, deadline));
    else if (state.modified || (state.isExposed && this.#isChangedInside(state)))
      await this.#inTurn(state, (lane, deadline) => this.writer.update(state, key, lane, deadline));
    else if (this.settings.saveEveryRequest) await this.writer.touch(state, key);
  }

  /** Whether an entry was changed inside. Other writers spell the same content differently: `1.0`, blanks. */
  #isChangedInside(state: SessionState): boolean {
    const now = this.codec.toJson(state.data);
    return now !== state.json && now !== this.codec.toJson(this.codec.fromJson(state.json) as SessionData);
  }

  /**
   * Those of one session object queue first, since a save may give it another key; then those of one stored session.
   * The deadline counts from here, so that the time in the queues is part of it.
   */
  #inTurn(state: SessionState, save: (lane: SaveLane, deadline: number) => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.settings.operationTimeoutMs;
    return this.#queue.run(state, (own) =>
      state.key === null ? save(own, deadline) : this.#queue.run(state.key, (lane) => save(lane, deadline)),
    );
  }

  async #flush(state: SessionState): Promise<void> {
    state.end();
    if (state.endingKeys.size > 0) state.ending = this.#deleteEnding(state, state.ending);
    await state.ending;
  }

  /** What the flush before it deletes, or fails to, is not deleted at the same time. */
  async #deleteEnding(state: SessionState, before: Promise<void> | undefined): Promise<void> {
    if (before !== undefined) await Promise.allSettled([before]);
    for (const key of state.endingKeys) {
      const wasStored = await this.store.remove(key);
      state.endingKeys.delete(key);
      state.effect = 'deleted';
      if (wasStored) this.events.emit('flushed', key);
    }
  }
}
