import { type Clock, systemClock } from '../../common/clock.js';
import { ExpiringMap } from './expiring-map.js';
import type { Companion } from './memory-companions.js';
import type { MemberIndex } from './member-indexes.js';
import { isRateLimit, type RateLimit } from './rate-limit.js';

export interface EntriesOptions {
  readonly clock?: Clock;
  /**
   * The most values that there may be; the least recently used goes first. Counters of `hit` are never dropped. Leave
   * it out for a store of sessions.
   */
  readonly maxEntries?: number | undefined;
}

/**
 * The entries of a MemoryStore, of whatever kind. The verbs for one kind name the part of this class that they need.
 */
export class Entries extends ExpiringMap<string | RateLimit | Companion | MemberIndex> {
  constructor({ clock = systemClock, maxEntries }: EntriesOptions) {
    super(
      clock,
      maxEntries === undefined ? undefined : { maxEntries, evictable: (value) => !isRateLimit(value) },
    );
  }

  /** If `from` has no companion, the one at the other key goes. */
  override rename(from: string, to: string, companions?: readonly [from: string, to: string]): boolean {
    const moved = super.rename(from, to);
    if (moved && companions !== undefined && !super.rename(...companions)) this.delete(companions[1]);
    return moved;
  }

  deleteMany(keys: readonly string[]): number {
    return keys.reduce((count, key) => count + (this.delete(key) ? 1 : 0), 0);
  }
}
