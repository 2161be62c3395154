/** How a compare-and-set or its like call ended. `current` is what stood there instead of the expected value. */
export type CompareOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'changed'; readonly current: string };

/** How an increment ended; every outcome but `done` has changed nothing. `value` is a decimal integer. */
export type IncrementOutcome =
  | { readonly outcome: 'done'; readonly value: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'not-an-integer' }
  | { readonly outcome: 'out-of-range' };
