import { RedisConnectionError } from '../../errors/redis.errors.js';
import { systemClock } from '../../common/clock.js';
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
import type { EndOptions, EndOutcome, Move, MoveOutcome } from '../trace.js';
import { Channels } from './channels.js';
import { Entries, type EntriesOptions } from './entries.js';
import { MemoryCompanions } from './memory-companions.js';
import { laterTurn } from './later-turn.js';
import { MemberIndexes } from './member-indexes.js';
import { RateLimits } from './rate-limit.js';
import { Texts } from './texts.js';
import { TracedEntries } from './traced-entries.js';

const KEYS_PER_PAGE = 250;

/** The embedded store of `memory:`, for development and tests: one process, and gone with it. */
export class MemoryStore implements KeyValueStore {
  readonly #entries: Entries;
  readonly #texts: Texts;
  readonly #traced: TracedEntries;
  readonly #kept: MemoryCompanions;
  readonly #indexes: MemberIndexes;
  readonly #limits: RateLimits;
  readonly #channels = new Channels();
  #closed = false;

  constructor(options: EntriesOptions = {}) {
    const { clock = systemClock } = options;
    this.#entries = new Entries(options);
    this.#texts = new Texts(this.#entries);
    this.#traced = new TracedEntries(this.#entries, this.#texts);
    this.#kept = new MemoryCompanions(this.#entries, clock, this.#texts);
    this.#indexes = new MemberIndexes(this.#entries, clock);
    this.#limits = new RateLimits(this.#entries, clock);
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
    return this.#answer(() => this.#texts.get(key) ?? null);
  }

  getMany(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#answer(() => this.#texts.getMany(keys));
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
    return this.#answer(() => this.#texts.insert(key, value, ttl));
  }

  setIfUntraced(key: string, trace: string, value: string, ttl: number): Promise<boolean> {
    return this.#answer(() => this.#traced.insert(key, trace, value, ttl));
  }

  setIfAbsentOrGet(key: string, value: string, ttl: TimeToLive): Promise<string | null> {
    return this.#answer(() => this.#texts.insertOrGet(key, value, ttl));
  }

  compareAndSet(key: string, expected: string, value: string, ttl: TimeToLive): Promise<CompareOutcome> {
    return this.#answer(() => this.#texts.compare(key, expected, () => this.#entries.set(key, value, ttl)));
  }

  compareAndDelete(key: string, expected: string): Promise<CompareOutcome> {
    return this.#answer(() => this.#texts.compare(key, expected, () => this.#entries.delete(key)));
  }

  compareAndExpire(key: string, expected: string, ttl: number): Promise<boolean> {
    return this.#answer(() => this.#texts.get(key) === expected && this.#entries.expire(key, ttl));
  }

  moveAway(key: string, trace: string, move: Move): Promise<MoveOutcome> {
    return this.#answer(() => this.#traced.moveAway(key, trace, move));
  }

  end(key: string, trace: string, traceTtl: number, options?: EndOptions): Promise<EndOutcome> {
    return this.#answer(() => this.#traced.end(key, trace, traceTtl, options));
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
    tokens?: string,
  ): Promise<IncrementOutcome | NotAsTagged> {
    return this.#answer(() => this.#kept.increment(keys, delta, grace, tokens));
  }

  inspectKept(keys: KeptKeys): Promise<Standing | undefined> {
    return this.#answer(() => this.#kept.inspect(keys));
  }

  takeTokens(keys: readonly string[], ttl: TimeToLive): Promise<string[]> {
    return this.#answer(() => keys.map((key) => this.#texts.takeToken(key, ttl)));
  }

  async deleteInOrder(first: string, keys: readonly string[]): Promise<void> {
    await this.deleteMany([first, ...keys]);
  }

  delete(key: string): Promise<boolean> {
    return this.#answer(() => this.#entries.delete(key));
  }

  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#answer(() => this.#entries.deleteMany(keys));
  }

  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome> {
    return this.#answer(() => this.#texts.increment(key, delta));
  }

  expire(key: string, ttl: TimeToLive): Promise<boolean> {
    return this.#answer(() => this.#entries.expire(key, ttl));
  }

  remaining(key: string): Promise<number | null | undefined> {
    return this.#answer(() => this.#entries.remaining(key));
  }

  rename(from: string, to: string, companions?: readonly [string, string]): Promise<boolean> {
    return this.#answer(() => this.#entries.rename(from, to, companions));
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
    return this.#answer(() => this.#limits.hit(key, rule));
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
}
