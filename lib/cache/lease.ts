import { randomUUID } from 'node:crypto';
import type { KeyValueStore } from '../store/key-value-store.js';

/**
 * A process that waits for a lease of another one asks again after a random pause of up to this many milliseconds, and of half as many
 * at least: what is made quickly is had quickly, and what takes long costs few commands.
 */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 100;
/** The factor by which each pause is longer than the one before. */
const GROWTH = 1.6;

/**
 * A lease that only one holder has among all processes: a key with a random token and a time to live, so that it ends
 * with a holder that died.
 */
export class Lease {
  /** Tells this holder from every other one. */
  readonly token = randomUUID();
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #store: KeyValueStore;
  #hasEnded = false;
  /** When a lease that is held ends unless it is renewed; a time of performance.now(). */
  #end = Infinity;

  constructor(
    store: KeyValueStore,
    private readonly redisKey: string,
    readonly ms: number,
  ) {
    this.#store = store;
  }

  /** Takes the lease where nobody holds it; whether it did. */
  take(): Promise<boolean> {
    return this.#store.setIfAbsent(this.redisKey, this.token, this.ms);
  }

  /**
   * Renews a lease that was taken, every third of its time, while work runs.
   *
   * @param lose is called when the lease is lost, or may be
   */
  async whileHeld<T>(work: () => Promise<T>, lose: () => void): Promise<T> {
    let isOver = false;
    this.#end = performance.now() + this.ms;
    // Redis may be down for as long as the lease: it is gone then, whether or not that can be asked
    let end = setTimeout(lose, this.ms).unref();
    const renew = async (): Promise<void> => {
      const asked = performance.now();
      const isOurs = await this.#store.compareAndExpire(this.redisKey, this.token, this.ms);
      clearTimeout(end);
      if (isOver) return;
      if (!isOurs) lose();
      else {
        this.#end = asked + this.ms;
        end = setTimeout(lose, this.#end - performance.now()).unref();
      }
    };
    const renewals = setInterval(() => void renew().catch(() => undefined), this.ms / 3).unref();
    try {
      return await work();
    } finally {
      isOver = true;
      clearInterval(renewals);
      clearTimeout(end);
    }
  }

  /** To be told when something else that was done in the store has ended the lease. */
  hasEnded(): void {
    this.#hasEnded = true;
  }

  /** True if the lease was not renewed in time. Another process may hold it then. */
  get isOverdue(): boolean {
    return performance.now() >= this.#end;
  }

  /** Lets the next one take the lease at once. @returns whether it was held until now */
  async release(): Promise<boolean> {
    if (this.#hasEnded) return true;
    const { outcome } = await this.#store.compareAndDelete(this.redisKey, this.token);
    return outcome === 'done';
  }
}

/**
 * Lets a lease of another go on for a while.
 *
 * @param asked how often it was asked for before
 * @param most milliseconds
 */
export const pauseBeforeAsking = (asked: number, most: number): Promise<void> =>
  new Promise((resolve) => {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * GROWTH ** asked);
    setTimeout(resolve, Math.min(most, (longest * (1 + Math.random())) / 2));
  });
