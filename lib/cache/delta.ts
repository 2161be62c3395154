import { describeValue } from '../common/describe-value.js';

/** @throws TypeError for what is no integer, RangeError for one beyond ±(2^53 − 1). */
export const checkDelta = (delta: unknown): void => {
  if (Number.isSafeInteger(delta)) return;
  if (Number.isInteger(delta)) throw new RangeError('delta: beyond ±(2^53 − 1) JavaScript would round');
  throw new TypeError(`delta: expected an integer, got ${describeValue(delta)}`);
};

/** @throws TypeError for what is no integer or 0, RangeError for one beyond ±(2^53 − 1). */
export const checkVersionDelta = (delta: unknown): void => {
  checkDelta(delta);
  if (delta === 0) throw new TypeError('delta: 0 would leave the version as it is');
};
