/** The most commands that one call sends at once: each may take the operation timeout, and Redis runs one after the other. */
export const MOST_AT_ONCE = 500;

/** Lets at most `MOST_AT_ONCE` calls run at once. The others wait, and begin in the order in which they came. */
export class AtOnce {
  #free = MOST_AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  /** Runs a call, within this one where there is a place. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
