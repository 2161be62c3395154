import { describeValue } from '../../common/describe-value.js';
import { checkFunction } from '../call-options.js';
import { type Entries, pairsOf } from '../entries.js';
import { AtOnce } from '../at-once.js';
import { runAs, Waiter, waitFor } from './waiting.js';

/** Gives the values of many keys at once: an object, a Map or pairs. A key that it leaves out has no value. */
export type Loader = (missing: string[]) => unknown;

/** In place of a value: there is none. */
export const ABSENT = Symbol('absent');

/** One call of a loader, made once it is known which keys are missing. */
export class Batch extends Waiter {
  /** For the commands of its keys. */
  readonly pace = new AtOnce();
  #undecided = 0;
  readonly #missing = new Set<string>();
  readonly #loaded: Promise<ReadonlyMap<string, unknown>>;
  #load!: () => void;

  #isOver = false;
  #next: Batch | undefined;

  constructor(private readonly loader: Loader) {
    super('getOrSetMany');
    checkFunction(loader, 'loader');
    this.#loaded = new Promise((resolve) => {
      this.#load = () => resolve(this.#run());
    });
  }

  /** For a search that may ask for a key, until it is `decided`. @returns this batch, or another one of the same loader where this has been loaded */
  expect(): Batch {
    if (this.#isOver) return new Batch(this.loader).expect();
    this.#undecided += 1;
    return this;
  }

  /** To be called when one of the searches has asked for what it needs. */
  decided(): void {
    this.#undecided -= 1;
    if (this.#undecided > 0 || this.#missing.size === 0) return;
    this.#isOver = true;
    this.#load();
  }

  /** The value that is loaded for a key, or ABSENT. A call that asks after everything has been decided is served by another batch. */
  async valueFor(key: string): Promise<unknown> {
    if (this.#undecided === 0) return await this.#another().valueFor(key);
    this.#missing.add(key);
    const loaded = await waitFor(this, this.#loaded);
    return loaded.has(key) ? loaded.get(key) : ABSENT;
  }

  /** For what is asked for together when another process has not made it. */
  #another(): Batch {
    if (this.#next !== undefined) return this.#next;
    const next = new Batch(this.loader).expect();
    this.#next = next;
    setImmediate(() => {
      this.#next = undefined;
      next.decided();
    });
    return next;
  }

  async #run(): Promise<ReadonlyMap<string, unknown>> {
    const given = await runAs(this, () => this.loader([...this.#missing]));
    if (typeof given !== 'object' || given === null)
      throw new TypeError(
        `getOrSetMany: expected the loader to return an object, a Map or pairs, got ${describeValue(given)}`,
      );
    const loaded = new Map(pairsOf(given as Entries));
    for (const key of loaded.keys())
      if (!this.#missing.has(key))
        throw new TypeError(
          `getOrSetMany: the loader returned ${JSON.stringify(key)}, which it was not asked for; return only keys it was given`,
        );
    return loaded;
  }
}
