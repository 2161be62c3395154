import { CacheFactoryTimeoutError } from '../../errors/cache-factory.errors.js';
import { runAs, type Waiter } from './waiting.js';

/** What the factory of a `getOrSet` is given. */
export interface FactoryContext {
  /** Aborted when `factoryTimeout` has passed. */
  readonly signal: AbortSignal;
}

/** How long a factory may take when nothing else is said, in milliseconds. */
export const DEFAULT_FACTORY_TIMEOUT_MS = 30_000;

/**
 * Runs a factory within its time. What comes later is dropped, an error too.
 *
 * @throws what the factory throws; CacheFactoryTimeoutError
 */
export const runFactory = <T>(
  factory: (context: FactoryContext) => T | Promise<T>,
  waiter: Waiter,
  timeoutMs: number | null,
): Promise<T> => {
  const controller = new AbortController();
  const made = runAs(waiter, () => factory({ signal: controller.signal }));
  return timeoutMs === null ? made : within(timeoutMs, made, waiter.key, controller);
};

const within = <T>(
  timeoutMs: number,
  made: Promise<T>,
  key: string,
  controller: AbortController,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new CacheFactoryTimeoutError(key, timeoutMs);
      controller.abort(error);
      reject(error);
    }, timeoutMs);
    made.then(resolve, reject).finally(() => clearTimeout(timer));
  });
