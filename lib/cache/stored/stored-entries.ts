import type { Grace, KeptOutcome, KeptWrite, Look, LookOptions } from '../../store/kept-entry.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { Lease } from '../lease.js';

/** How a cache writes its entries, and `getOrSet` finds them. Keys are complete, as they stand in Redis. */
export interface StoredEntries extends Pick<
  KeyValueStore,
  | 'set'
  | 'setMany'
  | 'setIfAbsent'
  | 'delete'
  | 'deleteMany'
  | 'expire'
  | 'incrementIfPresent'
  | 'rename'
  | 'scan'
> {
  /** The grace that entries get unless a call says otherwise. */
  readonly grace: Grace;

  /**
   * What a run needs to make the value of an entry alone in all processes; `undefined` in a cache without shared flights.
   *
   * @param ms how long it lasts unless it is renewed
   */
  lease(key: string, ms: number): Lease | undefined;

  /** What `getOrSet` finds under a key. */
  look(key: string, options: LookOptions): Promise<Look>;

  /** As `look`, of an entry that was just found missing. */
  lookAgain(key: string, options: LookOptions): Promise<Look>;

  /** Many at once: of those that stand only their texts. */
  textsOf(keys: readonly string[]): Promise<(string | null)[]>;

  /** Stores what a run has made, where the state is still the one it found. */
  publish(key: string, write: KeptWrite): Promise<KeptOutcome>;
}
