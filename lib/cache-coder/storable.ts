import type { DatetimeValue } from './datetime.js';
import type { Hints, ZonedHint } from './shape.js';

/** A Decimal of whatever copy of decimal.js, or MongoDB's. */
interface DecimalLike {
  toString(): string;
}
type AnyDecimal = DecimalLike &
  (Readonly<Record<'d' | 'e' | 's', unknown>> | { readonly _bsontype: 'Decimal128' });

/** The values that a hint takes for storing: those it loads, or their text where an ORM gives that. */
type Source<H extends keyof Hints> = H extends 'datetime' | 'instant' | 'zonedDatetime' | 'plainDatetime'
  ? DatetimeValue | string
  : H extends 'decimal'
    ? AnyDecimal | string
    : H extends 'bigint'
      ? bigint | string | number
      : H extends 'bytes'
        ? Uint8Array | ArrayBuffer | string
        : H extends 'timedelta'
          ? Hints['timedelta'] | number
          : H extends 'date' | 'time'
            ? Hints[H] | string
            : Hints[H];

type OptionalKeys<S> = { [K in keyof S]: S[K] extends readonly ['optional', unknown] ? K : never }[keyof S];

/** The values that a shape takes for storing: any object that has the fields it names. */
export type Storable<S> = S extends keyof Hints
  ? Source<S>
  : S extends readonly [infer H extends ZonedHint, string]
    ? Source<H>
    : S extends readonly ['list' | 'set', infer E]
      ? Iterable<Storable<E>>
      : S extends readonly ['record', infer E]
        ? Readonly<Record<string, Storable<E>>>
        : S extends readonly ['nullable', infer E]
          ? Storable<E> | null
          : S extends readonly ['optional', infer E]
            ? Storable<E> | undefined
            : S extends readonly ['map', infer K, infer V]
              ? ReadonlyMap<Storable<K>, Storable<V>>
              : StorableObject<S>;

type StorableObject<S> = {
  readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Storable<S[K]>;
} & {
  readonly [K in OptionalKeys<S>]?: Storable<S[K]>;
};
