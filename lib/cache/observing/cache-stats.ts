import type { Reading, ReadReport } from './reading.js';

/**
 * The results of `get`, `getMany`, `getOrSet` and `getOrSetMany` of a cache in this process since it started. Each key
 * of a call for many counts.
 */
export interface CacheStats {
  /** There was an entry. */
  readonly hits: number;
  /** A value was served after its timeout. */
  readonly stale: number;
  /** There was no entry. */
  readonly misses: number;
  /** Another call of this process was making the value. */
  readonly joined: number;
  /** Another process was making the value. */
  readonly waited: number;
  /** A value was made but not stored, because the entry was written or deleted in the meantime. */
  readonly fenced: number;
  /** A value was made, and not stored since Redis is unavailable. */
  readonly computed: number;
  /** Calls that failed, because of Redis, their factory or their arguments. */
  readonly errors: number;
  /** The share of keys, from 0 to 1, that had an entry or a stale value; `undefined` before the first. */
  readonly hitRate: number | undefined;
}

/** Counts what is read. */
export class ReadCounts implements ReadReport {
  readonly #of: Record<Reading['outcome'], number> = {
    hit: 0,
    stale: 0,
    miss: 0,
    joined: 0,
    waited: 0,
    fenced: 0,
    computed: 0,
  };
  #errors = 0;

  read({ outcome }: Reading): void {
    this.#of[outcome] += 1;
  }

  failed(): void {
    this.#errors += 1;
  }

  stats(): CacheStats {
    const { hit, stale, miss, joined, waited, fenced, computed } = this.#of;
    const all = hit + stale + miss + joined + waited + fenced + computed;
    const hitRate = all === 0 ? undefined : (hit + stale) / all;
    return {
      hits: hit,
      stale,
      misses: miss,
      joined,
      waited,
      fenced,
      computed,
      errors: this.#errors,
      hitRate,
    };
  }
}
