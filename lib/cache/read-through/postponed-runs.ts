import type { Clock } from '../../common/clock.js';

/** The most runs that are remembered; the oldest are forgotten first. */
const MOST = 1000;

/** The stale values whose factory has failed, each until it is to be tried again. */
export class PostponedRuns {
  readonly #pauses = new Map<string, { readonly from: number; readonly until: number }>();

  constructor(private readonly clock: Clock) {}

  /** @param write the nonce of the value */
  postpone(write: string, ms: number): void {
    this.#pauses.delete(write);
    const [oldest] = this.#pauses.keys();
    if (this.#pauses.size >= MOST && oldest !== undefined) this.#pauses.delete(oldest);
    const from = this.clock.now();
    if (ms > 0) this.#pauses.set(write, { from, until: from + ms });
  }

  /** A clock that was set back ends a pause: it would last for as long again. */
  has(write: string): boolean {
    const pause = this.#pauses.get(write);
    if (pause === undefined) return false;
    const now = this.clock.now();
    if (pause.from <= now && now < pause.until) return true;
    this.#pauses.delete(write);
    return false;
  }
}
