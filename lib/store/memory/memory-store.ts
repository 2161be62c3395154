import { RedisConnectionError, RedisServiceError } from '../../errors/redis.errors.js';
import { type Clock, systemClock } from '../../common/clock.js';
import { globMatcher } from '../../common/glob.js';
import type { KeyValueStore } from '../key-value-store.js';
import type { CompareOutcome, IncrementOutcome } from '../outcomes.js';
import type { HitOutcome, HitRule } from '../rate-limit.js';
import type {
  EndedMembers,
  Enrolment,
  EnrolOutcome,
  KnownMember,
  Member,
  MemberState,
  Selection,
} from '../member-index.js';
import type { MessageListener, Subscription } from '../subscription.js';
import type { TimeToLive } from '../time-to-live.js';
import type {
  Grace,
  KeptKeys,
  KeptOutcome,
  KeptWrite,
  Look,
  LookOptions,
  NotAsTagged,
  Standing,
} from '../kept-entry.js';
import { drawToken } from '../token.js';
import {
  type EndOptions,
  type EndOutcome,
  type Move,
  type MoveOutcome,
  parseTrace,
  type Trace,
  traceText,
} from '../trace.js';
import { Channels } from './channels.js';
import { ExpiringMap } from './expiring-map.js';
import { type Companion, KeptEntries } from './kept-entries.js';
import { laterTurn } from './later-turn.js';
import { type MemberIndex, MemberIndexes } from './member-indexes.js';
import { countHit, forgottenAt, hitOutcome, isRateLimit, type RateLimit } from './rate-limit.js';

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /**
   * How many values there may be; the least recently used goes first. Counters of `hit` are never dropped.
   * Leave it out for a store of sessions.
   */
  readonly maxEntries?: number | undefined;
}

/** The value of a key. */
export type Stored = string | RateLimit | Companion | MemberIndex;

const DECIMAL_INTEGER = /^(?:0|-?[1-9]\d*)$/;
const KEYS_PER_PAGE = 250;

/** The embedded store of `memory:`, for development and tests: one process, and gone with it. */
export class MemoryStore implements KeyValueStore {
  readonly #clock: Clock;
  readonly #entries: ExpiringMap<Stored>;
  readonly #kept: KeptEntries;
  readonly #indexes: MemberIndexes;
  readonly #channels = new Channels();
  #closed = false;

  constructor({ clock = systemClock, maxEntries }: MemoryStoreOptions = {}) {
    this.#clock = clock;
    this.#entries = new ExpiringMap(
      clock,
      maxEntries === undefined ? undefined : { maxEntries, evictable: (value) => !isRateLimit(value) },
    );
    this.#kept = new KeptEntries(this.#entries, clock, (key) => this.#text(key));
    this.#indexes = new MemberIndexes(this.#entries, clock);
  }

  connect(): Promise<void> {
    return this.#answer(() => undefined);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#channels.close();
    this.#entries.clear();
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return this.#answer(() => undefined);
  }

  get(key: string): Promise<string | null> {
    return this.#answer(() => this.#text(key) ?? null);
  }

  getMany(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#answer(() =>
      keys.map((key) => {
        const value = this.#entries.get(key);
        return typeof value === 'string' ? value : null;
      }),
    );
  }

  has(key: string): Promise<boolean> {
    return this.#answer(() => this.#entries.has(key));
  }

  set(key: string, value: string, ttl: TimeToLive): Promise<void> {
    return this.#answer(() => this.#entries.set(key, value, ttl));
  }

  setMany(entries: readonly (readonly [key: string, value: string])[], ttl: TimeToLive): Promise<void> {
    return this.#answer(() => {
      for (const [key, value] of entries) this.#entries.set(key, value, ttl);
    });
  }

  setIfAbsent(key: string, value: string, ttl: TimeToLive): Promise<boolean> {
    return this.#answer(() => this.#insert(key, value, ttl));
  }

  setIfUntraced(key: string, trace: string, value: string, ttl: number): Promise<boolean> {
    return this.#answer(() => !this.#entries.has(trace) && this.#insert(key, value, ttl));
  }

  setIfAbsentOrGet(key: string, value: string, ttl: TimeToLive): Promise<string | null> {
    return this.#answer(() => {
      const current = this.#text(key);
      if (current !== undefined) return current;
      this.#entries.set(key, value, ttl);
      return null;
    });
  }

  compareAndSet(key: string, expected: string, value: string, ttl: TimeToLive): Promise<CompareOutcome> {
    return this.#answer(() => this.#compare(key, expected, () => this.#entries.set(key, value, ttl)));
  }

  compareAndDelete(key: string, expected: string): Promise<CompareOutcome> {
    return this.#answer(() => this.#compare(key, expected, () => this.#entries.delete(key)));
  }

  compareAndExpire(key: string, expected: string, ttl: number): Promise<boolean> {
    return this.#answer(() => this.#text(key) === expected && this.#entries.expire(key, ttl));
  }

  moveAway(key: string, trace: string, move: Move): Promise<MoveOutcome> {
    return this.#answer(() => {
      const { expected, successor, keepsValue, mayFork, traceTtl } = move;
      const current = this.#text(key);
      if (current === undefined) return mayFork ? this.#fork(trace, successor) : { outcome: 'missing' };
      if (current !== expected) return { outcome: 'changed', current };
      const left = {
        state: 'moved',
        successors: [successor],
        ...(keepsValue && { value: current }),
      } as const;
      this.#entries.delete(key);
      this.#entries.set(trace, traceText(left), traceTtl);
      return { outcome: 'done' };
    });
  }

  end(key: string, trace: string, traceTtl: number, options: EndOptions = {}): Promise<EndOutcome> {
    const { always = false, givesValue = false } = options;
    return this.#answer(() => {
      const value = givesValue ? (this.#text(key) ?? '') : '';
      const existed = this.#entries.delete(key);
      const left = this.#trace(trace);
      const successors = left?.successors ?? [];
      const ended = traceText({ state: 'ended', successors });
      if (existed || (always && left === undefined)) this.#entries.set(trace, ended, traceTtl);
      else this.#entries.replace(trace, ended);
      return { existed, wasTraced: left !== undefined, successors, ...(value !== '' && { value }) };
    });
  }

  enrol(index: string, enrolment: Enrolment): Promise<EnrolOutcome> {
    return this.#answer(() => this.#indexes.enrol(index, enrolment));
  }

  confirm(index: string, handle: string, ttl: number, gone: readonly string[]): Promise<boolean> {
    return this.#answer(() => this.#indexes.confirm(index, handle, ttl, gone));
  }

  keepMember(index: string, member: KnownMember, ttl: number): Promise<boolean> {
    return this.#answer(() => this.#indexes.keep(index, member, ttl));
  }

  endMembers(index: string, selection: Selection): Promise<EndedMembers> {
    return this.#answer(() => this.#indexes.end(index, selection));
  }

  forgetMembers(index: string, handles: readonly string[], state?: MemberState): Promise<void> {
    return this.#answer(() => this.#indexes.forget(index, handles, state));
  }

  members(index: string): Promise<readonly Member[]> {
    return this.#answer(() => this.#indexes.list(index));
  }

  lookUpKept(keys: KeptKeys, options: LookOptions): Promise<Look> {
    return this.#answer(() => this.#kept.lookUp(keys, options));
  }

  writeKept(keys: KeptKeys, write: KeptWrite): Promise<KeptOutcome> {
    return this.#answer(() => this.#kept.write(keys, write));
  }

  expireKept(keys: KeptKeys, ttl: TimeToLive, tokens?: string): Promise<boolean | NotAsTagged> {
    return this.#answer(() => this.#kept.expire(keys, ttl, tokens));
  }

  incrementKept(
    keys: KeptKeys,
    delta: number,
    grace: Grace,
    tokens = '',
  ): Promise<IncrementOutcome | NotAsTagged> {
    return this.#answer(() =>
      this.#kept.increment(keys, grace, tokens, () => this.#increment(keys.entry, delta)),
    );
  }

  inspectKept(keys: KeptKeys): Promise<Standing | undefined> {
    return this.#answer(() => this.#kept.inspect(keys));
  }

  takeTokens(keys: readonly string[], ttl: TimeToLive): Promise<string[]> {
    return this.#answer(() => keys.map((key) => this.#takeToken(key, ttl)));
  }

  async deleteInOrder(first: string, keys: readonly string[]): Promise<void> {
    await this.deleteMany([first, ...keys]);
  }

  delete(key: string): Promise<boolean> {
    return this.#answer(() => this.#entries.delete(key));
  }

  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#answer(() => keys.reduce((count, key) => count + (this.#entries.delete(key) ? 1 : 0), 0));
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#answer(() => this.#increment(key, delta));
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    return this.#answer(() => this.#entries.expire(key, ttl));
  }

  remaining(key: string): Promise<number | null | undefined> {
    return this.#answer(() => this.#entries.remaining(key));
  }

  rename(from: string, to: string, companions?: readonly [string, string]): Promise<boolean> {
    return this.#answer(() => {
      const moved = this.#entries.rename(from, to);
      if (moved && companions !== undefined && !this.#entries.rename(...companions))
        this.#entries.delete(companions[1]);
      return moved;
    });
  }

  async *scan(glob: string): AsyncGenerator<readonly string[]> {
    const matches = globMatcher(glob);
    const keys = await this.#answer(() => this.#entries.keys());
    for (let at = 0; at < keys.length; at += KEYS_PER_PAGE)
      yield await this.#answer(() =>
        keys.slice(at, at + KEYS_PER_PAGE).filter((key) => matches(key) && this.#entries.has(key)),
      );
  }

  hit(key: string, rule: HitRule): Promise<HitOutcome> {
    return this.#answer(() => {
      const before = this.#entries.get(key);
      if (before !== undefined && !isRateLimit(before)) throw wrongType();
      const now = this.#clock.now();
      const after = countHit(before, rule, now);
      this.#entries.set(key, after, forgottenAt(after) - now);
      return hitOutcome(before, after, rule, now);
    });
  }

  publish(channel: string, message: string): Promise<void> {
    return this.#answer(() => this.#channels.publish(channel, message));
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#channels.subscribe(channel, listener, this.connect());
  }

  /**
   * Failures reject: no verb throws at its caller. The answer comes in a later turn of the event loop, as that of Redis
   * does, so that races between requests show in tests.
   */
  async #answer<T>(work: () => T): Promise<T> {
    try {
      if (this.#closed) throw new RedisConnectionError('The store was closed');
      return work();
    } finally {
      await laterTurn();
    }
  }

  #insert(key: string, value: string, ttl: TimeToLive): boolean {
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, value, ttl);
    return true;
  }

  #increment(key: string, delta: number): IncrementOutcome {
    const text = this.#text(key);
    if (text === undefined) return { outcome: 'missing' };
    if (!DECIMAL_INTEGER.test(text)) return { outcome: 'not-an-integer' };
    const before = Number(text);
    const sum = before + delta;
    if (!Number.isSafeInteger(before) || !Number.isSafeInteger(sum)) return { outcome: 'out-of-range' };
    this.#entries.replace(key, String(sum));
    return { outcome: 'done', value: String(sum) };
  }

  #takeToken(key: string, ttl: TimeToLive): string {
    const token = this.#text(key) ?? drawToken();
    const left = this.#entries.remaining(key) ?? (this.#entries.has(key) ? null : 0);
    const lasts = left === null || ttl === null ? null : Math.max(left, ttl);
    this.#entries.set(key, token, lasts);
    return token;
  }

  #text(key: string): string | undefined {
    const value = this.#entries.get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw wrongType();
  }

  #trace(key: string): Trace | undefined {
    const text = this.#text(key);
    return text === undefined ? undefined : parseTrace(text);
  }

  #fork(trace: string, successor: string): MoveOutcome {
    const left = this.#trace(trace);
    if (left?.state !== 'moved') return { outcome: 'missing' };
    this.#entries.replace(trace, traceText({ ...left, successors: [...left.successors, successor] }));
    return { outcome: 'forked' };
  }

  #compare(key: string, expected: string, done: () => void): CompareOutcome {
    const current = this.#text(key);
    if (current === undefined) return { outcome: 'missing' };
    if (current !== expected) return { outcome: 'changed', current };
    done();
    return { outcome: 'done' };
  }
}

const wrongType = (): RedisServiceError => new RedisServiceError('WRONGTYPE');
