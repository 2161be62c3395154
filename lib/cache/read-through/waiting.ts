import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheFactoryCycleError } from '../../errors/cache-factory.errors.js';

/** A run of a factory, as something that waits for others and is waited for. */
export class Waiter {
  readonly waitsFor = new Set<Waiter>();

  constructor(readonly key: string) {}
}

const currentWaiter = new AsyncLocalStorage<Waiter>();
let running = 0;

/**
 * Runs a factory so that what it asks for is known to be asked for by `waiter`. While none runs, the storage is
 * disabled: it would make every promise of the process a little slower.
 */
export const runAs = async <T>(waiter: Waiter, factory: () => T | Promise<T>): Promise<T> => {
  running += 1;
  try {
    return await currentWaiter.run(waiter, factory);
  } finally {
    running -= 1;
    if (running === 0) currentWaiter.disable();
  }
};

/**
 * Waits for the answer of a run.
 *
 * @throws CacheFactoryCycleError when that run waits for the one which asks.
 */
export const waitFor = <T>(target: Waiter, answer: Promise<T>): Promise<T> => {
  const waiter = running === 0 ? undefined : currentWaiter.getStore();
  return waiter === undefined ? answer : waitAs(waiter, target, answer);
};

/** As `waitFor`, for a run that is known. */
export const waitAs = async <T>(waiter: Waiter, target: Waiter, answer: Promise<T>): Promise<T> => {
  const way = wayBetween(target, waiter);
  if (way !== undefined) throw new CacheFactoryCycleError(way.map(({ key }) => key));
  if (waiter.waitsFor.has(target)) return await answer;
  waiter.waitsFor.add(target);
  try {
    return await answer;
  } finally {
    waiter.waitsFor.delete(target);
  }
};

/** The chain of runs that wait for each other, from one run to another, both included. */
const wayBetween = (from: Waiter, to: Waiter, seen: Set<Waiter> = new Set([from])): Waiter[] | undefined => {
  if (from === to) return [from];
  for (const next of from.waitsFor) {
    if (seen.has(next)) continue;
    seen.add(next);
    const way = wayBetween(next, to, seen);
    if (way !== undefined) return [from, ...way];
  }
  return undefined;
};
