import { errorName, labelName } from '../../common/error-name.js';
import { cacheLogger } from '../../common/loggers.js';
import { syncResult } from '../../common/sync-result.js';
import type { KeyGroup } from '../../config/cache-options.js';
import { CacheKeyNotFoundError } from '../../errors/cache-key-not-found.error.js';
import {
  type CacheEvent,
  type CacheOperation,
  cacheOperations,
  type CacheOutcome,
} from '../../telemetry/cache-channel.js';
import {
  type BegunOperation,
  type Ending,
  failedBy,
  type OperationInProgress,
} from '../../telemetry/operations.js';
import type { CacheServiceSettings } from '../cache-settings.js';
import { type CacheStats, ReadCounts } from './cache-stats.js';
import { MISS, ofMany, type Reading, type ReadReport } from './reading.js';

/** The keys that an operation is about, if it is about any. */
export type ObservedKeys = string | readonly string[] | undefined;

/** Tells what a cache does: its counts always, its operations while somebody observes them. */
export class CacheObserver {
  readonly #counts = new ReadCounts();
  #hasWarned = false;

  private readonly cache: string;
  private readonly keyGroup: KeyGroup | undefined;

  constructor({ name = 'default', keyGroup }: CacheServiceSettings) {
    this.cache = name;
    this.keyGroup = keyGroup;
  }

  stats(): CacheStats {
    return this.#counts.stats();
  }

  /** Reads; the work reports each key. */
  read<T>(
    operation: CacheOperation,
    keys: ObservedKeys,
    work: (report: ReadReport) => Promise<T>,
  ): Promise<T> {
    if (!cacheOperations.areObserved) return work(this.#counts);
    const report = new ReadingsReport(this.#counts);
    const ending = (): Ending<CacheEvent> => report.ending(typeof keys === 'string');
    return this.#begin(operation, keys).run(() => work(report), ending, failedBy);
  }

  /**
   * Does anything else.
   *
   * @param outcomeOf `done` where it is left out
   */
  run<T>(
    operation: CacheOperation,
    keys: ObservedKeys,
    work: () => Promise<T>,
    outcomeOf: (result: T) => CacheOutcome = () => 'done',
  ): Promise<T> {
    if (!cacheOperations.areObserved) return work();
    const ending = (result: T): Ending<CacheEvent> => ({ outcome: outcomeOf(result) });
    const endingOfError = NEEDING_AN_ENTRY.has(operation) ? missOrFailure : failedBy;
    return this.#begin(operation, keys).run(work, ending, endingOfError);
  }

  /** Checks the arguments of a call before its operation begins. An operation whose arguments are refused has failed. */
  checked<T>(operation: CacheOperation, check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (READING.has(operation)) this.#counts.failed();
      if (cacheOperations.areObserved) this.#begin(operation, undefined).end(failedBy(error));
      throw error;
    }
  }

  /** Walks over entries. The operation ends when the caller has seen enough. */
  scan<T>(operation: CacheOperation, entries: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    return cacheOperations.areObserved ? this.#scan(operation, entries) : entries;
  }

  async *#scan<T>(operation: CacheOperation, entries: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    const progress = this.#begin(operation, undefined);
    let ending: Ending<CacheEvent> = { outcome: 'done' };
    const next = async (): Promise<IteratorResult<T, void>> => {
      try {
        return await progress.within(() => entries.next());
      } catch (error) {
        ending = failedBy(error);
        throw error;
      }
    };
    try {
      for (let entry = await next(); entry.done !== true; entry = await next()) yield entry.value;
    } finally {
      await entries.return();
      progress.end(ending);
    }
  }

  /** Makes a value that nobody waits for. */
  refresh<T>(key: string, work: () => Promise<T>, madeBy: { readonly made: Reading }): Promise<T> {
    if (!cacheOperations.areObserved) return work();
    return this.#begin('refresh', key, true).run(work, () => ofRefresh(madeBy.made), failedBy);
  }

  /**
   * To be called when the call that began a run has ended before it.
   *
   * @returns what the rest of the run is to be done within, where somebody observes it
   */
  leaveBehind(
    key: string,
    run: Promise<unknown>,
    madeBy: { readonly made: Reading },
  ): OperationInProgress<CacheEvent> | undefined {
    if (!cacheOperations.areObserved) return undefined;
    const operation = this.#begin('refresh', key, true);
    run.then(
      () => operation.end(ofRefresh(madeBy.made)),
      (error: unknown) => operation.end(failedBy(error)),
    );
    return operation;
  }

  #begin(operation: CacheOperation, keys: ObservedKeys, isBehind = false): OperationInProgress<CacheEvent> {
    const keyGroup = this.#groupOf(keys);
    const begun: BegunOperation = {
      operation,
      cache: this.cache,
      ...(keyGroup !== undefined && { keyGroup }),
    };
    return cacheOperations.begin(begun, isBehind);
  }

  #groupOf(keys: ObservedKeys): string | undefined {
    const { keyGroup } = this;
    if (keyGroup === undefined || keys === undefined) return undefined;
    const asked: readonly unknown[] = Array.isArray(keys) ? keys : [keys];
    // a wrong key fails by itself
    if (!asked.every((key) => typeof key === 'string')) return undefined;
    const groups = new Set(asked.map((key) => this.#groupOfOne(keyGroup, key)));
    const [group] = groups;
    return groups.size === 1 ? group : undefined;
  }

  #groupOfOne(keyGroup: (key: string) => unknown, key: string): string | undefined {
    try {
      const group = syncResult(keyGroup(key));
      return typeof group === 'string' && group !== '' ? labelName(group) : undefined;
    } catch (error) {
      this.#warnOnce(error);
      return undefined;
    }
  }

  #warnOnce(error: unknown): void {
    if (!this.#hasWarned)
      cacheLogger.warn(
        `keyGroup of the cache ${JSON.stringify(this.cache)} has thrown ${errorName(error)}; ` +
          'operations on such keys are told without a group',
      );
    this.#hasWarned = true;
  }
}

/** Keeps what was read, and counts it. */
class ReadingsReport implements ReadReport {
  readonly #readings: Reading[] = [];

  constructor(private readonly counts: ReadCounts) {}

  read(reading: Reading): void {
    this.#readings.push(reading);
    this.counts.read(reading);
  }

  failed(): void {
    this.counts.failed();
  }

  ending(isOfOne: boolean): Ending<CacheEvent> {
    if (isOfOne) return this.#readings[0] ?? MISS;
    return this.#readings.length === 0 ? NONE : ofMany(this.#readings);
  }
}

/** A call for no keys. */
const NONE: Ending<CacheEvent> = { outcome: 'done', keys: 0, hits: 0 };

/** Nobody has read what a run behind makes. */
const ofRefresh = ({ outcome, ...rest }: Reading): Ending<CacheEvent> => ({
  outcome: outcome === 'miss' ? 'done' : outcome,
  ...rest,
});

/** Operations that `cache.stats()` counts, and whose arguments are checked before they begin. */
const READING: ReadonlySet<CacheOperation> = new Set(['getMany', 'getOrSet', 'getOrSetMany']);

/** Operations that fail where there is no entry. The same error from the caller's own work under a call is a failure. */
const NEEDING_AN_ENTRY: ReadonlySet<CacheOperation> = new Set(['incr', 'incrVersion']);

const missOrFailure = (error: unknown): Ending<CacheEvent> =>
  error instanceof CacheKeyNotFoundError ? { outcome: 'miss' } : failedBy(error);
