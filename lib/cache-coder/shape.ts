import type { Decimal } from 'decimal.js';
import type { Temporal } from 'temporal-polyfill';

/** The result of `CacheCoder.dump`: JSON that every serializer writes. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Each hint, and the type of what it loads. */
export interface Hints {
  /** ISO text with an offset → Date, with what is below a millisecond cut off. */
  datetime: Date;
  /** ISO text with an offset → Temporal.Instant, exact. */
  instant: Temporal.Instant;
  /** ISO text with an offset → Temporal.ZonedDateTime of that offset. */
  zonedDatetime: Temporal.ZonedDateTime;
  /** ISO text without an offset, what Python calls naive. */
  plainDatetime: Temporal.PlainDateTime;
  date: Temporal.PlainDate;
  time: Temporal.PlainTime;
  /** A number of seconds. */
  timedelta: Temporal.Duration;
  decimal: Decimal;
  /** In lower case, with hyphens. */
  uuid: string;
  /** Hexadecimal text. */
  bytes: Buffer;
  /** Text or a bare integer. */
  bigint: bigint;
  string: string;
  number: number;
  boolean: boolean;
  /** As it is, unchecked. */
  json: unknown;
}

/** Hints that read naive text too once they are told its zone: `['datetime', 'Europe/Berlin']`. */
export type ZonedHint = 'datetime' | 'instant' | 'zonedDatetime';

/**
 * The kind of a stored value: a hint, an object of shapes, or a shape around others.
 *
 * - `['list', S]`, `['set', S]`, `['record', S]` (an object of any keys), `['map', K, V]`
 * - `['nullable', S]`: null too; `['optional', S]`: the key may be missing
 */
export type Shape =
  | keyof Hints
  | readonly [ZonedHint, string]
  | readonly ['list' | 'set' | 'record' | 'nullable' | 'optional', Shape]
  | readonly ['map', Shape, Shape]
  | { readonly [key: string]: Shape };

/** The type a shape loads. */
export type Loaded<S> = S extends keyof Hints
  ? Hints[S]
  : S extends readonly [infer H extends ZonedHint, string]
    ? Hints[H]
    : S extends readonly ['list', infer E]
      ? Loaded<E>[]
      : S extends readonly ['set', infer E]
        ? Set<Loaded<E>>
        : S extends readonly ['record', infer E]
          ? Record<string, Loaded<E>>
          : S extends readonly ['nullable', infer E]
            ? Loaded<E> | null
            : S extends readonly ['optional', infer E]
              ? Loaded<E> | undefined
              : S extends readonly ['map', infer K, infer V]
                ? Map<Loaded<K>, Loaded<V>>
                : LoadedObject<S>;

type OptionalKeys<S> = { [K in keyof S]: S[K] extends readonly ['optional', unknown] ? K : never }[keyof S];

type LoadedObject<S> = {
  -readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Loaded<S[K]>;
} & {
  -readonly [K in OptionalKeys<S>]?: Loaded<S[K]>;
} extends infer O
  ? { [K in keyof O]: O[K] }
  : never;
