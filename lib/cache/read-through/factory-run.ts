import { CacheFactoryTimeoutError } from '../../errors/cache-factory.errors.js';
import { runAs, type Waiter } from './waiting.js';

/** The argument of a factory of `getOrSet`. */
export interface FactoryContext<T = unknown> {
  /** Aborted when `factoryTimeout` has passed. */
  readonly signal: AbortSignal;
  /**
   * The value that this run is to replace: one whose timeout has passed, in a cache with `grace`, or which is refreshed
   * ahead. `undefined` where there is none.
   */
  readonly stale: T | undefined;
  /** Returns a value to the callers without storing it: `return skip(value)`. */
  readonly skip: <V>(value: V) => V;
  /** Gives the stale value a new timeout, without sending it again; what the factory returns does not count: `return keep()`. */
  readonly keep: () => never;
}

/** The result of a factory. */
export type Made =
  | { readonly kind: 'value'; readonly value: unknown; readonly isStored: boolean }
  /** The stale value is as good as new. */
  | { readonly kind: 'kept' };

/** The value a run is to replace. */
export interface Stale {
  readonly text: string;
  readonly value: unknown;
}

export type Factory = (context: FactoryContext) => unknown;

/**
 * Runs a factory within its time. A later result is dropped, an error too.
 *
 * @throws what the factory throws; CacheFactoryTimeoutError
 */
export const runFactory = async (
  factory: Factory,
  waiter: Waiter,
  timeoutMs: number | null,
  stale?: Stale,
): Promise<Made> => {
  const controller = new AbortController();
  const run = new FactoryRun(controller.signal, stale?.value);
  const made = runAs(waiter, () => factory(run.context));
  const value = await (timeoutMs === null ? made : within(timeoutMs, made, waiter.key, controller));
  return run.isKept ? { kind: 'kept' } : { kind: 'value', value, isStored: !run.isSkipped };
};

/** A running factory, which may say more than the value it returns. */
class FactoryRun {
  isSkipped = false;
  isKept = false;
  readonly context: FactoryContext;

  constructor(signal: AbortSignal, stale: unknown) {
    this.context = {
      signal,
      stale,
      skip: (value) => {
        this.isSkipped = true;
        return value;
      },
      keep: () => {
        if (stale === undefined)
          throw new TypeError('keep(): there is no stale value; look at `stale` first, and return a value');
        this.isKept = true;
        // returning this ends the factory, and its value is ignored
        return undefined as never;
      },
    };
  }
}

const within = (
  timeoutMs: number,
  made: Promise<unknown>,
  key: string,
  controller: AbortController,
): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new CacheFactoryTimeoutError(key, timeoutMs);
      controller.abort(error);
      reject(error);
    }, timeoutMs);
    made.then(resolve, reject).finally(() => clearTimeout(timer));
  });
