/**
 * The result of a compare-and-set or its like. `current` is the value that stood there instead of the expected one.
 */
export type CompareOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'changed'; readonly current: string };

/** The result of an increment; every outcome but `done` has changed nothing. `value` is a decimal integer. */
export type IncrementOutcome =
  | { readonly outcome: 'done'; readonly value: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'not-an-integer' }
  | { readonly outcome: 'out-of-range' };
