/** A factory that runs until it is told its result. */
export class GatedFactory<T> {
  runs = 0;
  /** Resolves once the factory runs. */
  readonly entered: Promise<void>;
  /** Ends the run. */
  open!: (value: T) => void;
  #enter!: () => void;
  readonly #result: Promise<T>;

  constructor() {
    this.entered = new Promise((resolve) => (this.#enter = resolve));
    this.#result = new Promise((resolve) => (this.open = resolve));
  }

  readonly factory = (): Promise<T> => {
    this.runs++;
    this.#enter();
    return this.#result;
  };
}
