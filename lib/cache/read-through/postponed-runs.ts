import type { Clock } from '../../common/clock.js';

/** The most runs that are remembered; the oldest are forgotten first. */
const MOST = 1000;

/** The stale values whose factory has failed, each until it is to be tried again. */
export class PostponedRuns {
  readonly #until = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** @param write the nonce of the value */
  postpone(write: string, ms: number): void {
    this.#until.delete(write);
    const [oldest] = this.#until.keys();
    if (this.#until.size >= MOST && oldest !== undefined) this.#until.delete(oldest);
    if (ms > 0) this.#until.set(write, this.clock.now() + ms);
  }

  has(write: string): boolean {
    const until = this.#until.get(write);
    if (until === undefined) return false;
    if (this.clock.now() < until) return true;
    this.#until.delete(write);
    return false;
  }
}
