import { setTimeout as delay } from 'node:timers/promises';
import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
  SessionLimitError,
  SessionTooLargeError,
} from '../../errors/session.errors.js';
import type { MoveOutcome } from '../../store/key-value-store.js';
import type { SaveLane } from './save-queue.js';
import type { SessionCodec } from '../wire/session-codec.js';
import { changedNames, type SessionData } from '../wire/session-data.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionLifetime } from '../object/session-lifetime.js';
import type { SessionReader } from './session-reader.js';
import type { SavedSession, SaveInProgress } from '../object/session-save.js';
import type { SessionState } from '../object/session-state.js';
import { areOfDifferentUsers, isPrivileged, userOf } from '../object/session-user.js';
import type { Membership, Origin } from '../users/membership.js';
import type { Memberships } from '../users/memberships.js';
import { foundOne, observeSession, type SessionOperation } from '../../telemetry/session-channel.js';
import type { SessionStore } from './session-store.js';

/** The longest pause before a save under contention is tried again, in times that a try takes. */
const LONGEST_PAUSE = 32;

/** What a save writes: its own changes laid over the newest entries, and the JSON of that. */
interface Draft {
  readonly data: SessionData;
  readonly json: string;
}

/** Writes sessions to the store, each by one compare-and-set, and never brings back one that was ended. */
export class SessionWriter {
  constructor(
    private readonly store: SessionStore,
    private readonly codec: SessionCodec,
    private readonly reader: SessionReader,
    private readonly lifetime: SessionLifetime,
    private readonly memberships: Memberships,
    private readonly events: SessionEventEmitter,
    private readonly maxBytes: number,
  ) {}

  /** Stores a new session under the key that was drawn for it. */
  async create(state: SessionState): Promise<void> {
    state.identity.drawFirst();
    const { first, membership } = this.#prepare(state, state.identity.drawn);
    await this.#during('create', state, async (save) => {
      const { key, text } = await this.#place(save, first, membership, {});
      if (!(await this.#finish(state, save, { key, text, ...first }, membership))) return;
      state.use.record('created');
      this.events.emit('created', key);
    });
  }

  /** Stores a session under its own key, if that is free. */
  async insert(state: SessionState, key: string): Promise<void> {
    const { first, membership } = this.#prepare(state, key);
    await this.#during('create', state, async (save) => {
      const text = this.#seal(first, key);
      await this.#announce(key, membership, {});
      if (!(await this.#insert(key, text, first, membership)))
        throw new SessionCreateError(
          'The session is stored already; save it without mustCreate, or make a new one with SessionService.create()',
        );
      if (!(await this.#finish(state, save, { key, text, ...first }, membership))) return;
      state.use.record('created');
      this.events.emit('created', key);
    });
  }

  /** Replaces a stored session, with the changes of other requests kept. */
  async update(state: SessionState, key: string, lane: SaveLane, deadline: number): Promise<void> {
    const { first, membership } = this.#prepare(state, key);
    let text = '';
    await this.#during('save', state, async (save) => {
      const replacing = (): Promise<Draft> =>
        this.#untilUnchanged(save, first, { key, lane, deadline }, (expected, next) => {
          text = this.#seal(next, key);
          return this.store.replace(key, expected ?? '', text, this.lifetime.timeToLive(next.data));
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
    const { first, membership } = this.#prepare(state, state.identity.drawn);
    await this.#during('cycle', state, async (save) => {
      const formerUser = this.#userOf(save.text, oldKey);
      const placed = await this.#place(save, first, membership, { from: oldKey, formerUser });
      const { key } = placed;
      let { text } = placed;
      let written = first;
      const abandon = (): Promise<void> => this.#takeBack(key, membership);
      const contest = { key: oldKey, lane, deadline, abandon };
      const draft = await this.#untilUnchanged(save, first, contest, async (expected, next) => {
        if (next !== written) {
          const before = text;
          text = this.#seal(next, key);
          const replaced = await this.store.replace(key, before, text, this.lifetime.timeToLive(next.data));
          // ended with the other sessions of its user
          if (replaced.outcome !== 'done') return { outcome: 'missing' };
          written = next;
        }
        const isSignIn = save.moving === 'signIn';
        const keepsValue = isSignIn && expected !== null && this.#isHarmless(expected, oldKey);
        return this.store.moveAway(oldKey, { expected, successor: key, keepsValue, mayFork: isSignIn });
      });
      lane.latest = undefined;
      if (!(await this.#finish(state, save, { key, text, ...draft }, membership))) return;
      state.use.record('cycled');
      this.events.emit('cycled', key, oldKey);
    });
  }

  /** Extends an unchanged session; it may be gone by now. */
  async touch(state: SessionState): Promise<void> {
    const { entries, identity } = state;
    // decoded first: it may be found to have ended
    const { data, json, savedAt } = entries;
    const { text } = entries;
    const { stored } = identity;
    if (stored === null || text === null) return;
    const isStamped = this.lifetime.stamp(data, savedAt);
    const ttl = this.lifetime.timeToLive(data);
    const membership = this.memberships.of(data, stored, ttl);
    const isRewritten = isStamped || membership?.isDue === true;
    const next = isRewritten ? this.codec.toJson(membership?.data ?? data) : json;
    const extending = (): Promise<boolean> =>
      isRewritten || this.lifetime.isUseSigned
        ? this.store.extendAs(stored, text, this.codec.seal(next, stored), ttl)
        : this.store.extend(stored, text, ttl);
    const isExtended = await observeSession(
      'touch',
      () => (membership === undefined ? extending() : membership.during(extending)),
      foundOne,
    );
    if (isExtended) state.use.record('touched');
  }

  async #during(
    operation: SessionOperation,
    state: SessionState,
    work: (save: SaveInProgress) => Promise<void>,
  ): Promise<void> {
    const save = state.beginSave();
    try {
      await observeSession(operation, () => work(save));
    } catch (error) {
      state.failSave(save);
      throw error;
    }
  }

  /** Writes under the drawn key, which the client may have been told already. */
  async #place(
    save: SaveInProgress,
    draft: Draft,
    membership: Membership | undefined,
    origin: Origin,
  ): Promise<{ key: string; text: string }> {
    const { drawn: key } = save;
    const text = key === null ? '' : this.#seal(draft, key);
    if (key !== null)
      await this.#announce(key, membership, { ...origin, isSignIn: save.moving === 'signIn' });
    if (key === null || !(await this.#insert(key, text, draft, membership)))
      throw new SessionCreateError('A session could not be created: the store calls its random key taken');
    return { key, text };
  }

  /**
   * @throws SessionInterruptedError when the session was ended, with the others of its user
   * @throws SessionLimitError when the user has as many as are allowed
   */
  async #announce(key: string, membership: Membership | undefined, origin: Origin): Promise<void> {
    const outcome = await membership?.announce(origin);
    if (outcome === 'refused') throw new SessionLimitError();
    if (outcome === 'interrupted') this.#interrupt(origin.from ?? key);
  }

  #interrupt(key: string): never {
    this.events.emit('interrupted', key);
    throw new SessionInterruptedError();
  }

  /**
   * Whether the key was free.
   *
   * @throws SessionInterruptedError when it was ended already, with the other sessions of its user
   */
  async #insert(
    key: string,
    text: string,
    { data }: Draft,
    membership: Membership | undefined,
  ): Promise<boolean> {
    const ttl = this.lifetime.timeToLive(data);
    if (membership === undefined) return this.store.insert(key, text, ttl);
    if (await this.store.insertUntraced(key, text, ttl)) return true;
    await membership.withdraw('pending');
    if (await this.store.exists(key)) return false;
    return this.#interrupt(key);
  }

  /**
   * Has a session stand that was stored under a new key; whether it still is the one that was saved.
   *
   * @throws SessionInterruptedError when it was ended meanwhile, with the other sessions of its user
   */
  async #finish(
    state: SessionState,
    save: SaveInProgress,
    saved: SavedSession,
    membership: Membership | undefined,
  ): Promise<boolean> {
    const stands =
      membership === undefined || (await membership.confirm(this.lifetime.timeToLive(saved.data)));
    if (!stands && state.isSaving(save)) this.#interrupt(saved.key);
    if (stands && state.endSave(save, saved)) return true;
    if (stands) await this.#takeBack(saved.key, membership);
    return false;
  }

  /** Removes what was stored under a key that nobody has. */
  async #takeBack(key: string, membership: Membership | undefined): Promise<void> {
    await this.store.remove(key);
    await membership?.withdraw();
  }

  #userOf(text: string | null, key: string): string | undefined {
    return text === null ? undefined : userOf(this.codec.decode(text, key).data);
  }

  /** Whether a text may be kept for a minute after a sign-in: it was no user's, as far as can be told. */
  #isHarmless(text: string, key: string): boolean {
    const { data, problem } = this.codec.decode(text, key);
    return problem === undefined && !isPrivileged(data);
  }

  /**
   * Tries a compare-and-… until nobody was faster: what others wrote meanwhile is merged each time.
   *
   * @returns what was written
   */
  async #untilUnchanged(
    save: SaveInProgress,
    first: Draft,
    contest: { key: string; lane: SaveLane; deadline: number; abandon?: () => Promise<void> },
    attempt: (expected: string | null, draft: Draft) => Promise<MoveOutcome>,
  ): Promise<Draft> {
    const merge = this.#merger(save, first, contest.key);
    let expected = save.text;
    let draft = first;
    if (contest.lane.latest !== undefined && contest.lane.latest !== expected) {
      expected = contest.lane.latest;
      draft = merge(expected);
    }
    for (let tried = 0; ; tried++) {
      const begun = performance.now();
      const result = await attempt(expected, draft);
      if (result.outcome === 'done' || result.outcome === 'forked') return draft;
      if (result.outcome === 'missing') {
        await contest.abandon?.();
        this.#interrupt(contest.key);
      }
      const now = performance.now();
      if (now >= contest.deadline) {
        await contest.abandon?.();
        throw new SessionConflictError();
      }
      expected = result.current;
      if (tried > 0) {
        await delay(Math.min(pauseAfter(tried, now - begun), contest.deadline - now));
        // what stood there before the pause hardly does any more
        expected = (await this.store.read(contest.key)) ?? expected;
      }
      draft = merge(expected);
    }
  }

  /**
   * Lays the save's own top-level changes over a newer text. Entries that nobody changed stay the objects they are:
   * a handler may hold one, and change it inside after the save.
   */
  #merger(save: SaveInProgress, first: Draft, key: string): (newer: string) => Draft {
    return (newer) => {
      if (save.isReplacing) return first;
      const before = this.codec.fromJson(save.json) as SessionData;
      const { data } = this.reader.read(newer, key);
      // who signs in takes over nothing of another user, whoever was faster
      if (save.moving === 'signIn' && areOfDifferentUsers(data, first.data)) return first;
      const theirs = new Set(this.#changedNames(before, data));
      const kept = Object.keys(before).filter((name) => !theirs.has(name));
      save.changes.layOver(data, first.data, [...kept, ...this.#changedNames(before, first.data)]);
      return this.#draft(data);
    };
  }

  #changedNames(before: SessionData, after: SessionData): string[] {
    return changedNames(before, after, (value) => this.codec.toJson(value));
  }

  /** @throws SessionTooLargeError before anything is written */
  #seal({ json }: Draft, key: string): string {
    const text = this.codec.seal(json, key);
    // it is ASCII, a byte a character
    if (text.length > this.maxBytes) throw new SessionTooLargeError(text.length, this.maxBytes);
    return text;
  }

  /** What the session itself is to be saved as under a key, and its place in the index of its user. */
  #prepare(
    { entries: { data, savedAt } }: SessionState,
    key: string | null,
  ): { first: Draft; membership: Membership | undefined } {
    this.lifetime.stamp(data, savedAt);
    const membership = this.memberships.of(data, key, this.lifetime.timeToLive(data));
    return { first: this.#draft(membership?.data ?? data), membership };
  }

  #draft(data: SessionData): Draft {
    return { data, json: this.codec.toJson(data) };
  }
}

/** Many who try again need a longer pause than a few, and a slow Redis a longer one than a fast: both show in the tries. */
const pauseAfter = (tried: number, tookMs: number): number =>
  Math.random() * tookMs * Math.min(LONGEST_PAUSE, 2 ** (tried + 1));
