/**
 * Holds a secret out of what logs show of the object around it: no look of `util.inspect`, `console.dir` or JSON gets
 * through, whereas each accessor of a property would be read by `getters: true`.
 */
export class Concealed<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }
}
