import ms from 'ms';

const UNITS =
  'ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|y|yrs?|years?';
/** The longest string that the npm package `ms` takes. */
const LONGEST = 99;
const DURATION = new RegExp(`^-?\\d*\\.?\\d+ ?(?:${UNITS})$`, 'i');

/**
 * Milliseconds of a duration string such as `'90s'`, `'5m'` or `'1.5 hours'` (the form of the npm package `ms`),
 * `undefined` when it is none. A number without a unit is none: it does not say which unit it means.
 */
export const parseDuration = (text: unknown): number | undefined =>
  typeof text === 'string' && text.length <= LONGEST && DURATION.test(text)
    ? ms(text as ms.StringValue)
    : undefined;
