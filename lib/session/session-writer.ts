import { setTimeout as delay } from 'node:timers/promises';
import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
} from '../errors/session.errors.js';
import type { CompareOutcome, KeyValueStore } from '../store/key-value-store.js';
import type { SaveLane } from './save-queue.js';
import type { SessionCodec } from './session-codec.js';
import { changedNames, getEntry, layOver, type SessionData } from './session-data.js';
import type { SessionEventEmitter } from './session-events.js';
import { EXPIRY_ENTRY, type SessionExpiryRules } from './session-expiry.js';
import { newSessionKey } from './session-key.js';
import type { SessionReader } from './session-reader.js';
import type { SaveInProgress } from './session-save.js';
import type { SessionState } from './session-state.js';

/** Two random keys never meet; a store that says so this often is not to be believed. */
const MAX_KEYS_TRIED = 8;

/** The longest pause before a save under contention is tried again, in milliseconds. */
const MAX_PAUSE = 32;

/** What a save writes: entries with what their names changed laid over those of others. */
interface Draft {
  readonly data: SessionData;
  readonly json: string;
}

/** Writes sessions to the store, each by one compare-and-set, and never brings back one that was ended. */
export class SessionWriter {
  constructor(
    private readonly store: KeyValueStore,
    private readonly codec: SessionCodec,
    private readonly reader: SessionReader,
    private readonly expiry: SessionExpiryRules,
    private readonly events: SessionEventEmitter,
    private readonly storeKey: (key: string) => string,
  ) {}

  /** Stores a new session under a fresh key. */
  async create(state: SessionState): Promise<void> {
    const json = this.codec.toJson(state.data);
    await this.#during(state, async (save) => {
      const { key, text } = await this.#place(save.data, json);
      if (!state.endSave(save, { key, text, json, data: save.data })) return this.#remove(key);
      state.effect = 'created';
      this.events.emit('created', key);
    });
  }

  /** Stores a session under its own key, if that is free. */
  async insert(state: SessionState, key: string): Promise<void> {
    const json = this.codec.toJson(state.data);
    await this.#during(state, async (save) => {
      const text = this.codec.seal(json);
      const ttl = this.#timeToLive(save.data);
      if (ttl >= 1 && !(await this.store.setIfAbsent(this.storeKey(key), text, ttl)))
        throw new SessionCreateError(
          'The session is stored already; save it without mustCreate, or make a new one with SessionService.create()',
        );
      state.endSave(save, { key, text, json, data: save.data });
      state.effect = 'created';
      this.events.emit('created', key);
    });
  }

  /** Replaces a stored session, with the changes of other requests kept. */
  async update(state: SessionState, key: string, lane: SaveLane, deadline: number): Promise<void> {
    const first = { data: state.data, json: this.codec.toJson(state.data) };
    const written: { text: string | null } = { text: null };
    await this.#during(state, async (save) => {
      const replace = (expected: string, { data, json }: Draft): Promise<CompareOutcome> => {
        const ttl = this.#timeToLive(data);
        written.text = ttl < 1 ? null : this.codec.seal(json);
        return written.text === null
          ? this.store.compareAndDelete(this.storeKey(key), expected)
          : this.store.compareAndSet(this.storeKey(key), expected, written.text, ttl);
      };
      const draft = await this.#untilUnchanged(save, first, { key, lane, deadline }, replace);
      lane.latest = written.text ?? undefined;
      state.endSave(save, { key, text: written.text, ...draft });
      if (state.effect !== 'created' && state.effect !== 'cycled') state.effect = 'saved';
    });
  }

  /** Moves a session to a fresh key: the new one is written first, so that a crash in between loses nothing. */
  async cycle(state: SessionState, oldKey: string, lane: SaveLane, deadline: number): Promise<void> {
    const first = { data: state.data, json: this.codec.toJson(state.data) };
    await this.#during(state, async (save) => {
      const { key, text } = await this.#place(first.data, first.json);
      const written: { text: string | null; draft: Draft } = { text, draft: first };
      const removeOld = async (expected: string, draft: Draft): Promise<CompareOutcome> => {
        if (draft !== written.draft) {
          written.text = await this.#rewrite(key, draft);
          written.draft = draft;
        }
        return this.store.compareAndDelete(this.storeKey(oldKey), expected);
      };
      const abandon = (): Promise<void> => this.#remove(key);
      const contest = { key: oldKey, lane, deadline, abandon };
      const draft = await this.#untilUnchanged(save, first, contest, removeOld);
      lane.latest = undefined;
      if (!state.endSave(save, { key, text: written.text, ...draft })) return abandon();
      state.effect = 'cycled';
      this.events.emit('cycled', key, oldKey);
    });
  }

  /** Extends an unchanged session; it may be gone by now. */
  async touch(state: SessionState, key: string): Promise<void> {
    const ttl = this.#timeToLive(state.data);
    const extended =
      ttl < 1
        ? await this.store.delete(this.storeKey(key))
        : await this.store.expire(this.storeKey(key), ttl);
    if (extended && state.effect === 'nothing') state.effect = 'touched';
  }

  async #during(state: SessionState, work: (save: SaveInProgress) => Promise<void>): Promise<void> {
    const save = state.beginSave();
    try {
      await work(save);
    } catch (error) {
      state.failSave(save);
      throw error;
    }
  }

  /** Writes under a fresh key; nothing at all when the session ends before it begins. */
  async #place(data: SessionData, json: string): Promise<{ key: string; text: string | null }> {
    const ttl = this.#timeToLive(data);
    if (ttl < 1) return { key: newSessionKey(), text: null };
    const text = this.codec.seal(json);
    for (let tried = 0; tried < MAX_KEYS_TRIED; tried++) {
      const key = newSessionKey();
      if (await this.store.setIfAbsent(this.storeKey(key), text, ttl)) return { key, text };
    }
    throw new SessionCreateError(
      `A session could not be created: the store called ${MAX_KEYS_TRIED} random keys taken`,
    );
  }

  /** Replaces what only this save knows of. */
  async #rewrite(key: string, { data, json }: Draft): Promise<string | null> {
    const ttl = this.#timeToLive(data);
    if (ttl < 1) {
      await this.#remove(key);
      return null;
    }
    const text = this.codec.seal(json);
    await this.store.set(this.storeKey(key), text, ttl);
    return text;
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
    attempt: (expected: string, draft: Draft) => Promise<CompareOutcome>,
  ): Promise<Draft> {
    const merge = this.#merger(save, first, contest.key);
    let expected = save.text ?? '';
    let draft = first;
    if (contest.lane.latest !== undefined && contest.lane.latest !== expected) {
      expected = contest.lane.latest;
      draft = merge(expected);
    }
    for (let tried = 0; ; tried++) {
      const result = await attempt(expected, draft);
      if (result.outcome === 'done') return draft;
      if (result.outcome === 'missing') {
        await contest.abandon?.();
        this.events.emit('interrupted', contest.key);
        throw new SessionInterruptedError();
      }
      if (performance.now() >= contest.deadline) {
        await contest.abandon?.();
        throw new SessionConflictError();
      }
      if (tried > 0) await delay(Math.random() * Math.min(MAX_PAUSE, 2 ** tried));
      expected = result.current;
      draft = merge(expected);
    }
  }

  /** Lays the save's own top-level changes over a newer text. */
  #merger(save: SaveInProgress, first: Draft, key: string): (newer: string) => Draft {
    let names: readonly string[] | undefined;
    return (newer) => {
      if (save.replacing) return first;
      names ??= this.#ownNames(save);
      const { data } = this.reader.read(newer, key);
      layOver(data, names, first.data);
      return { data, json: this.codec.toJson(data) };
    };
  }

  #ownNames({ json, data, touched }: SaveInProgress): string[] {
    const before = this.codec.fromJson(json) as SessionData;
    const inside = changedNames(before, data, (value) => this.codec.toJson(value));
    return [...new Set([...touched, ...inside])];
  }

  async #remove(key: string): Promise<void> {
    await this.store.delete(this.storeKey(key));
  }

  #timeToLive(data: SessionData): number {
    return this.expiry.timeToLive(getEntry(data, EXPIRY_ENTRY));
  }
}
