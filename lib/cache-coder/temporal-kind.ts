import { types } from 'node:util';
import type { Temporal } from 'temporal-polyfill';

/** The kinds of Temporal that have a text Python reads. */
interface TemporalKinds {
  'Temporal.Instant': Temporal.Instant;
  'Temporal.ZonedDateTime': Temporal.ZonedDateTime;
  'Temporal.PlainDateTime': Temporal.PlainDateTime;
  'Temporal.PlainDate': Temporal.PlainDate;
  'Temporal.PlainTime': Temporal.PlainTime;
  'Temporal.Duration': Temporal.Duration;
}

/**
 * True if a value is a Temporal object of a kind. The tag is asked, not the class: the runtime's own Temporal and a
 * polyfill's may meet in one process.
 */
export function isTemporal<K extends keyof TemporalKinds>(
  kind: K,
  value: unknown,
): value is TemporalKinds[K] {
  return (
    typeof value === 'object' &&
    value !== null &&
    !types.isProxy(value) &&
    !Object.hasOwn(value, Symbol.toStringTag) &&
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === kind
  );
}
