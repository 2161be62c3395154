import { type CacheOperation, cacheOperations, type CacheOutcome } from '../../telemetry/cache-channel.js';
import type { CacheObserver } from './cache-observer.js';

const observers = new WeakMap<object, CacheObserver>();

/** Names the observer whom methods with `@observed()` tell. */
export const observeCalls = (target: object, observer: CacheObserver): CacheObserver => {
  observers.set(target, observer);
  return observer;
};

type Method = (...args: never[]) => Promise<unknown>;

/**
 * Tells of each call of a method as an operation by its name, on the key that its first argument names.
 *
 * @param outcomeOf `done` where it is left out
 */
export const observed =
  <R>(outcomeOf?: (result: R) => CacheOutcome) =>
  <M extends (...args: never[]) => Promise<R>>(
    _prototype: object,
    name: CacheOperation,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const method = descriptor.value as Method;
    descriptor.value = function (this: object, ...args: never[]): Promise<unknown> {
      if (!cacheOperations.areObserved) return method.apply(this, args);
      const work = (): Promise<unknown> => method.apply(this, args);
      const key = KEYLESS.has(name) ? undefined : (args[0] as unknown);
      const keys = typeof key === 'string' ? key : undefined;
      return (
        observers.get(this)?.run(name, keys, work, outcomeOf as (result: unknown) => CacheOutcome) ?? work()
      );
    } as M;
  };

/** Methods whose first argument is not a key. */
const KEYLESS: ReadonlySet<CacheOperation> = new Set(['deletePattern', 'invalidateTags', 'withLock']);

/** The outcome of a call that found an entry or none. */
export const found = (result: boolean | number | null | undefined): CacheOutcome =>
  result === false || result === undefined ? 'miss' : 'hit';

/** The outcome of a call that adds a value unless an entry is there. */
export const added = (result: boolean): CacheOutcome => (result ? 'done' : 'hit');
