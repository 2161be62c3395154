import { RedisConnectionError } from '../errors/redis.errors.js';
import type { KeyValueStore } from '../store/key-value-store.js';

/** A verb of the store, such as `get` or `compareAndSet`. */
export type StoreVerb = Exclude<keyof KeyValueStore, 'connect' | 'close' | 'scan' | 'subscribe'>;

/** The operations that a fault affects. */
export interface FaultOptions {
  /**
   * The number of operations.
   *
   * @default 1
   */
  times?: number;
  /**
   * Only these verbs.
   * @default all
   */
  verbs?: readonly StoreVerb[];
}

interface Fault {
  remaining: number;
  readonly verbs: readonly StoreVerb[] | undefined;
  strike(): Promise<void>;
}

const UNTOUCHED: ReadonlySet<string | symbol> = new Set(['connect', 'close', 'scan', 'subscribe']);

/**
 * Makes the next operations of the stores fail or wait, as a failing Redis would. Connecting, closing, subscriptions
 * and key scans (`keys()`, and the scan of `clear()` and `deletePattern()`) are not affected.
 */
export class Faults {
  #faults: Fault[] = [];

  /** The next operations reject. @param error what they reject with; by default Redis is not reachable. */
  failNext(options: FaultOptions = {}, error: Error = new RedisConnectionError()): void {
    this.#add(options, () => Promise.reject(error));
  }

  /** The next operations wait before they are carried out. */
  delayNext(milliseconds: number, options: FaultOptions = {}): void {
    this.#add(options, () => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  }

  /** Ends all faults. */
  clear(): void {
    this.#faults = [];
  }

  /** A store with these faults. */
  wrap(store: KeyValueStore): KeyValueStore {
    return new Proxy(store, {
      get: (target, verb) => {
        const member: unknown = Reflect.get(target, verb);
        if (typeof member !== 'function') return member;
        if (UNTOUCHED.has(verb)) return member.bind(target) as unknown;
        return async (...args: unknown[]): Promise<unknown> => {
          const fault = this.#next(verb as StoreVerb);
          if (fault !== undefined) await fault.strike();
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
  }

  #add({ times = 1, verbs }: FaultOptions, strike: () => Promise<void>): void {
    this.#faults.push({ remaining: times, verbs, strike });
  }

  #next(verb: StoreVerb): Fault | undefined {
    const next = this.#faults.find(({ verbs }) => verbs?.includes(verb) ?? true);
    if (next === undefined) return undefined;
    next.remaining -= 1;
    if (next.remaining <= 0) this.#faults = this.#faults.filter((fault) => fault !== next);
    return next;
  }
}
