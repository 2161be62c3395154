import { observeSession, type SessionOperation } from '../../telemetry/session-channel.js';
import type { SavedSession, SaveInProgress } from '../object/session-save.js';
import type { SessionState } from '../object/session-state.js';
import { isPrivileged, userOf } from '../object/session-user.js';
import type { Membership } from '../users/membership.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { ContendedSave } from './contended-save.js';
import type { SaveLane } from './save-queue.js';
import type { Draft, PreparedDraft, SessionDrafts } from './session-drafts.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionInserter } from './session-inserter.js';
import type { SessionStore } from './session-store.js';

/** Writes sessions to the store, each by one compare-and-set, and never brings back one that was ended. */
export class SessionWriter {
  constructor(
    private readonly store: SessionStore,
    private readonly codec: SessionCodec,
    private readonly drafts: SessionDrafts,
    private readonly inserter: SessionInserter,
    private readonly contended: ContendedSave,
    private readonly events: SessionEventEmitter,
  ) {}

  /** Stores a new session under the key that was drawn for it. */
  async create(state: SessionState): Promise<void> {
    state.identity.drawFirst();
    await this.#during('create', state, state.identity.drawn, async (save, { first, membership }) => {
      const inserted = await this.inserter.insertDrawn(save, first, membership);
      await this.#endCreation(state, save, { ...inserted, ...first }, membership);
    });
  }

  /** Stores a session under its own key, if that is free. */
  async insert(state: SessionState, key: string): Promise<void> {
    await this.#during('create', state, key, async (save, { first, membership }) => {
      const inserted = await this.inserter.insert(key, first, membership, {}, STORED_ALREADY);
      await this.#endCreation(state, save, { ...inserted, ...first }, membership);
    });
  }

  /** Replaces a stored session, with the changes of other requests kept. */
  update(state: SessionState, key: string, lane: SaveLane, deadline: number): Promise<void> {
    let text = '';
    return this.#during('save', state, key, async (save, { first, membership }) => {
      const replacing = (): Promise<Draft> =>
        this.contended.untilUnchanged(save, first, { key, lane, deadline }, (expected, next) => {
          text = this.drafts.seal(next, key);
          return this.store.replace(key, expected ?? '', text, this.drafts.timeToLive(next));
        });
      const draft = await (membership === undefined ? replacing() : membership.during(replacing));
      lane.latest = text;
      if (state.endSave(save, { key, text, ...draft })) state.use.record('saved');
    });
  }

  /**
   * Moves a session to the key that was drawn for it: the new one is written first, so that a crash in between loses
   * nothing. A sign-in may go on where another request moved the session already.
   */
  async move(state: SessionState, oldKey: string, lane: SaveLane, deadline: number): Promise<void> {
    await this.#during('cycle', state, state.identity.drawn, async (save, { first, membership }) => {
      const origin = { from: oldKey, formerUser: this.#userOf(save.text, oldKey) };
      const inserted = await this.inserter.insertDrawn(save, first, membership, origin);
      const { key } = inserted;
      let { text } = inserted;
      let written = first;
      const abandon = (): Promise<void> => this.inserter.remove(key, membership);
      const contest = { key: oldKey, lane, deadline, abandon };
      const draft = await this.contended.untilUnchanged(save, first, contest, async (expected, next) => {
        if (next !== written) {
          const before = text;
          text = this.drafts.seal(next, key);
          const replaced = await this.store.replace(key, before, text, this.drafts.timeToLive(next));
          // ended with the other sessions of its user
          if (replaced.outcome !== 'done') return { outcome: 'missing' };
          written = next;
        }
        const isSignIn = save.moving === 'signIn';
        const keepsValue = isSignIn && expected !== null && this.#isHarmless(expected, oldKey);
        return this.store.moveAway(oldKey, { expected, successor: key, keepsValue, mayFork: isSignIn });
      });
      lane.latest = undefined;
      this.events.emitEnded(oldKey, key);
      if (!(await this.inserter.confirm(state, save, { key, text, ...draft }, membership))) return;
      state.use.record('cycled');
      this.events.emit('cycled', key, oldKey);
    });
  }

  /** Does a save, of which everything that fails is told: also the draft of it, when an entry is not JSON. */
  #during(
    operation: SessionOperation,
    state: SessionState,
    key: string | null,
    work: (save: SaveInProgress, prepared: PreparedDraft) => Promise<void>,
  ): Promise<void> {
    return observeSession(operation, async () => {
      const prepared = this.drafts.prepare(state, key);
      const save = state.beginSave();
      try {
        await work(save, prepared);
      } catch (error) {
        state.failSave(save);
        throw error;
      }
    });
  }

  async #endCreation(
    state: SessionState,
    save: SaveInProgress,
    saved: SavedSession,
    membership: Membership | undefined,
  ): Promise<void> {
    if (!(await this.inserter.confirm(state, save, saved, membership))) return;
    state.use.record('created');
    this.events.emit('created', saved.key);
  }

  #userOf(text: string | null, key: string): string | undefined {
    return text === null ? undefined : userOf(this.codec.decode(text, key).data);
  }

  /** True if a text may be kept for a minute after a sign-in: it was no user's, as far as can be told. */
  #isHarmless(text: string, key: string): boolean {
    const { data, problem } = this.codec.decode(text, key);
    return problem === undefined && !isPrivileged(data);
  }
}

const STORED_ALREADY =
  'The session is stored already; save it without mustCreate, or make a new one with SessionService.create()';
