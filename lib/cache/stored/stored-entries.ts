import type {
  Grace,
  Held,
  KeptOutcome,
  KeptWrite,
  Look,
  LookOptions,
  NoEntry,
} from '../../store/kept-entry.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { Lease } from '../lease.js';
import type { TimeToLive } from '../../store/time-to-live.js';
import type { Tags, Tokens } from '../tags/tags.js';

/** The result of a look-up of `getOrSet`. */
export type Found = Look | DeadEntry;

/** An entry stands whose tags were invalidated. */
export interface DeadEntry extends Held {
  readonly state: 'dead';
  /** Without its mark. */
  readonly text: string;
  /** The text of its companion, `''` where that is gone. */
  readonly tokens: string;
}

/** No valid entry stands. */
export type Vacancy = NoEntry | DeadEntry;

/**
 * Reads and writes the entries of a cache. Keys are complete, as they stand in Redis; the tags of a write are given as
 * the tokens it is tied to.
 */
export interface StoredEntries extends Pick<
  KeyValueStore,
  'get' | 'has' | 'remaining' | 'delete' | 'deleteMany' | 'expire' | 'incrementIfPresent' | 'rename' | 'scan'
> {
  /** The grace that entries get unless a call says otherwise. */
  readonly grace: Grace;
  /** `undefined`: entries have none. */
  readonly tags?: Tags | undefined;

  /**
   * The lease that lets only one run of all processes make the value of an entry; `undefined` in a cache without shared
   * flights.
   *
   * @param ms how long it lasts unless it is renewed
   */
  lease(key: string, ms: number): Lease | undefined;

  set(key: string, text: string, ttl: TimeToLive, tokens?: Tokens): Promise<void>;

  setMany(
    entries: readonly (readonly [key: string, text: string])[],
    ttl: TimeToLive,
    tokens?: Tokens,
  ): Promise<void>;

  /** Stores only where there is none; whether it did. */
  setIfAbsent(key: string, text: string, ttl: TimeToLive, tokens?: Tokens): Promise<boolean>;

  /**
   * The result of a look-up of `getOrSet`.
   *
   * @param tagKeys the keys of tags that it is likely to carry
   */
  look(key: string, options: LookOptions, tagKeys?: readonly string[]): Promise<Found>;

  /** As `look`, of an entry that was just found missing. */
  lookAgain(key: string, options: LookOptions, tagKeys?: readonly string[]): Promise<Found>;

  /** Many at once: of those that stand only their texts. */
  textsOf(keys: readonly string[], tagKeys?: readonly string[]): Promise<(string | null)[]>;

  /** Stores what a run has made, where the state is still the one it found. */
  publish(key: string, write: KeptWrite, tokens?: Tokens): Promise<KeptOutcome>;
}
