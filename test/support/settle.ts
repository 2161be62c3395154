import { performance } from 'node:perf_hooks';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';

/** How a call ended. */
export interface Settled {
  /** `undefined` when it succeeded. */
  readonly error: unknown;
  readonly afterMs: number;
}

/** Calls until one call is rejected, and gives its error. */
export const untilRejected = async (call: () => Promise<unknown>): Promise<unknown> => {
  for (;;) {
    const { error } = await settle(call);
    if (error !== undefined) return error;
  }
};

export const settle = async (call: () => Promise<unknown>): Promise<Settled> => {
  const start = performance.now();
  const error: unknown = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, afterMs: performance.now() - start };
};

/** Every verb, each as a caller would use it, on keys that begin with `prefix`. */
export const verbs = (store: KeyValueStore, prefix = ''): (() => Promise<unknown>)[] => {
  const [k, l, h] = [`${prefix}k`, `${prefix}l`, `${prefix}h`];
  return [
    () => store.get(k),
    () => store.getMany([k, l]),
    () => store.has(k),
    () => store.set(k, 'v', 1000),
    () => store.setMany([[k, 'v'], [l, 'v']], null), // prettier-ignore
    () => store.setIfAbsent(k, 'v', null),
    () => store.setIfAbsentOrGet(k, 'v', null),
    () => store.compareAndSet(k, 'v', 'w', null),
    () => store.compareAndDelete(k, 'v'),
    () => store.delete(k),
    () => store.deleteMany([k, l]),
    () => store.incrementIfPresent(k, 1),
    () => store.expire(k, 1000),
    () => store.expire(k, null),
    () => store.remaining(k),
    () => store.rename(k, l),
    () => store.hit(h, { windowMs: 1000, limit: 1, blockMs: 1000 }),
    () => store.scan('*')[Symbol.asyncIterator]().next(),
    () => store.ping(),
  ];
};

/**
 * Calls of which each follows from the one before. Few, since close() serves them until the operation timeout has passed, and
 * a busy machine is slow.
 */
export const countThenDelete = async (store: KeyValueStore, key: string): Promise<unknown> => {
  for (let step = 0; step < 3; step++) await store.incrementIfPresent(key, 1);
  return store.compareAndDelete(key, '3');
};
