/**
 * A type, where its values are JSON as far as a type can tell; else one that no value of it can have, so that the
 * compiler names the property that is not.
 *
 * Refused are `undefined` (but for optional properties), functions, symbols, and objects with methods, such as Date,
 * Map and instances of most classes. `any` and `unknown` pass, and are checked when the value is stored. A generic
 * function takes its values as `JsonValue<T>`:
 *
 * `cached<T>(load: () => Promise<JsonValue<T>>): Promise<T> { return this.cache.getOrSet('key', load); }`
 */
export type JsonValue<T> = T extends JsonShape<T> ? T : T & JsonShape<T>;

/** The same type with `never` wherever it is not JSON. */
type JsonShape<T> = unknown extends T
  ? T
  : T extends string | number | bigint | boolean | null
    ? T
    : T extends Uncopied
      ? never
      : T extends readonly (infer E)[]
        ? readonly JsonShape<E>[]
        : T extends object
          ? { [K in keyof T]: K extends symbol ? never : JsonProperty<T, K> }
          : never;

/** A missing property is JSON, one that is `undefined` is not. */
type JsonProperty<T, K extends keyof T> =
  Partial<Record<K, unknown>> extends Pick<T, K> ? JsonShape<Exclude<T[K], undefined>> : JsonShape<T[K]>;

/** Most of these have methods, which would be refused as well: they are named for the sake of short messages. */
type Uncopied =
  | ((...args: never[]) => unknown)
  | (abstract new (...args: never[]) => unknown)
  | Date
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>;
