import type {
  Grace,
  KeptKeys,
  KeptOutcome,
  KeptWrite,
  Look,
  LookOptions,
  NotAsTagged,
  Standing,
} from './kept-entry.js';
import type {
  EndedMembers,
  Enrolment,
  EnrolOutcome,
  Member,
  KnownMember,
  MemberState,
  Selection,
} from './member-index.js';
import type { CompareOutcome, IncrementOutcome } from './outcomes.js';
import type { HitOutcome, HitRule } from './rate-limit.js';
import type { MessageListener, Subscription } from './subscription.js';
import type { TimeToLive } from './time-to-live.js';
import type { EndOptions, EndOutcome, Move, MoveOutcome } from './trace.js';

/**
 * The one narrow waist between the services and the place data lives in: strings in, strings out, every verb
 * atomic, times in milliseconds. Keys are complete, as they stand in Redis.
 *
 * Every promise settles within the operation timeout. Failures reject with RedisConnectionError,
 * RedisTimeoutError or RedisServiceError; a value is never made up in their place.
 */
export interface KeyValueStore {
  /** Opens what the store needs. Memoised; every verb awaits it by itself. */
  connect(): Promise<void>;

  /** Waits, within a bound, for verbs in flight and releases everything. Idempotent; later verbs reject. */
  close(): Promise<void>;

  /** Asks for a sign of life. Rejects when there is none. */
  ping(): Promise<void>;

  /** `null` when there is no such entry. */
  get(key: string): Promise<string | null>;

  /** In the order of `keys`, `null` for each that is missing. No keys: no command. */
  getMany(keys: readonly string[]): Promise<(string | null)[]>;

  has(key: string): Promise<boolean>;

  /** Stores whatever was there before; a `null` ttl removes an earlier expiry. */
  set(key: string, value: string, ttl: TimeToLive): Promise<void>;

  /** Stores all of them in one round trip (in a cluster: one per node). No entries: no command. */
  setMany(entries: readonly (readonly [key: string, value: string])[], ttl: TimeToLive): Promise<void>;

  /** Stores only where nothing is; whether it did. */
  setIfAbsent(key: string, value: string, ttl: TimeToLive): Promise<boolean>;

  /**
   * Stores only where nothing is, and where what was there has left no trace of a move or an ending; whether it did.
   *
   * @param trace the key of the companion that takes the trace
   */
  setIfUntraced(key: string, trace: string, value: string, ttl: number): Promise<boolean>;

  /** Like `setIfAbsent`, but gives what stood there, or `null` when the value was stored. */
  setIfAbsentOrGet(key: string, value: string, ttl: TimeToLive): Promise<string | null>;

  /** Replaces `expected` by `value`, with a new ttl. Never creates an entry. */
  compareAndSet(key: string, expected: string, value: string, ttl: TimeToLive): Promise<CompareOutcome>;

  /** Deletes the entry while it is `expected`. */
  compareAndDelete(key: string, expected: string): Promise<CompareOutcome>;

  /** Gives the entry a new ttl while it is `expected`; whether it did. */
  compareAndExpire(key: string, expected: string, ttl: number): Promise<boolean>;

  /**
   * Deletes the entry while it is `expected`, and leaves a trace: that it was moved, and where to. One that is gone
   * without the trace of a move is `missing`.
   *
   * @param trace the key of the companion that takes the trace; `get` gives the text that `parseTrace` reads
   */
  moveAway(key: string, trace: string, move: Move): Promise<MoveOutcome>;

  /**
   * Deletes the entry, and leaves a trace: that it was ended. The trace of an earlier move says so from now on too, and
   * keeps its successors and the time it has left. If there is neither an entry nor a trace, none is left.
   *
   * @param trace the key of the companion that takes the trace
   */
  end(key: string, trace: string, traceTtl: number, options?: EndOptions): Promise<EndOutcome>;

  /**
   * Announces a member of an index before its entry is stored. Members that have expired are forgotten; the index
   * lives at least as long as the new one is to.
   */
  enrol(index: string, enrolment: Enrolment): Promise<EnrolOutcome>;

  /**
   * Makes a pending member a live one, and forgets the one whose place it takes; whether it had not been ended.
   *
   * @param ttl how long the index has to know it, in milliseconds
   * @param gone ended members whose entries are gone, which are forgotten
   */
  confirm(index: string, handle: string, ttl: number, gone: readonly string[]): Promise<boolean>;

  /** Sees to it that a live member is known for that time, in milliseconds; whether it had not been ended. */
  keepMember(index: string, member: KnownMember, ttl: number): Promise<boolean>;

  /** Takes members for ended, until they are forgotten. */
  endMembers(index: string, selection: Selection): Promise<EndedMembers>;

  /** Forgets members; with a state, only those that are in it. */
  forgetMembers(index: string, handles: readonly string[], state?: MemberState): Promise<void>;

  /** Every member. One that was not confirmed in time is taken for ended. */
  members(index: string): Promise<readonly Member[]>;

  /**
   * Looks at a kept entry. A companion whose entry was deleted or evicted goes: its entry is gone before its end, or
   * had none.
   */
  lookUpKept(keys: KeptKeys, options: LookOptions): Promise<Look>;

  /**
   * Stores a kept entry, with a new companion, where the state is the one that the write expects. Elsewhere a companion
   * goes whose text is not that of the entry which stands.
   */
  writeKept(keys: KeptKeys, write: KeptWrite): Promise<KeptOutcome>;

  /**
   * As `expire`; the companions live as much longer as before. One whose text is not the entry's goes.
   *
   * @param tokens those that a marked entry must have; one that is not marked needs none
   */
  expireKept(keys: KeptKeys, ttl: TimeToLive, tokens?: string): Promise<boolean | NotAsTagged>;

  /**
   * As `incrementIfPresent`, with a new companion. A mark stays.
   *
   * @param tokens those that a marked entry must have; one that is not marked needs none
   */
  incrementKept(
    keys: KeptKeys,
    delta: number,
    grace: Grace,
    tokens?: string,
  ): Promise<IncrementOutcome | NotAsTagged>;

  /** The facts about an entry without its text; `undefined` when there is no such entry. */
  inspectKept(keys: KeptKeys): Promise<Standing | undefined>;

  /**
   * The texts under these keys. Each that has none gets a random one, which nobody has had before. All are there for at
   * least `ttl` then.
   */
  takeTokens(keys: readonly string[], ttl: TimeToLive): Promise<string[]>;

  /** Deletes `first`, then the keys: at no time is one of them gone and `first` is not. */
  deleteInOrder(first: string, keys: readonly string[]): Promise<void>;

  /** Deletes an entry; whether there was one. */
  delete(key: string): Promise<boolean>;

  /**
   * Deletes entries; how many there were. No keys: no command. Of two calls in one tick the first is carried out first,
   * slot by slot.
   */
  deleteMany(keys: readonly string[]): Promise<number>;

  /**
   * Adds `delta` to a stored decimal integer, keeping its expiry. A result beyond ±(2^53 − 1) is
   * `out-of-range`, as is a stored integer beyond it. Never creates an entry.
   */
  incrementIfPresent(key: string, delta: number): Promise<IncrementOutcome>;

  /** Gives an entry a new ttl (`null`: none any more); whether there is one. */
  expire(key: string, ttl: TimeToLive): Promise<boolean>;

  /** Milliseconds left, `null` when it never expires, `undefined` when there is no such entry. */
  remaining(key: string): Promise<number | null | undefined>;

  /**
   * Moves an entry with what is left of its ttl, replacing what stands at `to`; whether there was one.
   * Atomic but for a cluster whose keys live in different slots: there the copy is made first, and the
   * original deleted only if it is unchanged. One that changes all the time stays where it is, and what stood at
   * `to` is gone then.
   *
   * @param companions the keys of a companion of each, in its slot, which moves too
   */
  rename(from: string, to: string, companions?: readonly [from: string, to: string]): Promise<boolean>;

  /**
   * Walks over the keys that match a Redis glob, a page at a time, in no order. A key may come twice, and one
   * that is added or deleted meanwhile may or may not come. A page may be empty.
   */
  scan(glob: string): AsyncIterable<readonly string[]>;

  /**
   * Counts a hit under the key, each for the length of the window, and says where the limit stands. A block time
   * of 0 refuses hits while the limit is used up; above 0, the hit beyond the limit blocks for that time.
   */
  hit(key: string, rule: HitRule): Promise<HitOutcome>;

  /** Sends a message to all who are subscribed to the channel at this moment, in any process. Nothing is kept of it. */
  publish(channel: string, message: string): Promise<void>;

  /**
   * Calls the listener with each message that is published on the channel. A message that is published while the
   * connection is lost does not arrive.
   */
  subscribe(channel: string, listener: MessageListener): Subscription;
}
