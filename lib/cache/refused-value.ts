import { beginAtCaller } from '../common/caller.js';
import { TooLargeValue } from './bounded-serializer.js';

/** Of each refusal the cache key that it is about. */
const refusals = new WeakMap<object, string>();

/** The TypeError for a value that cannot be stored under a key, which its message names. */
export const refusedValue = (key: string, message: string, options?: ErrorOptions): TypeError => {
  const error = new TypeError(message, options);
  refusals.set(error, key);
  return error;
};

/** The error of dumping the value of a key; a refusal with the key in its message. */
export const refusedDump = (key: string, error: unknown): unknown => {
  if (!(error instanceof TypeError || error instanceof TooLargeValue)) return error;
  const message = `cache key ${JSON.stringify(key)}: ${error.message}`;
  return error instanceof TypeError
    ? refusedValue(key, message, { cause: error })
    : tooLargeValue(key, message);
};

const tooLargeValue = (key: string, message: string): TooLargeValue => {
  const error = new TooLargeValue(message);
  refusals.set(error, key);
  return error;
};

/**
 * A refused value as an error whose stack begins where `callee` was called, rather than in this package; any other error
 * as it is. Each caller gets one of its own, since several may share the work that failed.
 *
 * @param callee the function that the caller called; it must be running, or resumed
 * @param asked the keys of the call, where it runs code of others: what they refuse for other keys is not the caller's
 */
export const blameCaller = (error: unknown, callee: unknown, asked?: readonly string[]): unknown => {
  if (!(error instanceof TypeError || error instanceof TooLargeValue)) return error;
  const refused = refusals.get(error);
  if (refused === undefined || asked?.includes(refused) === false) return error;
  const { message, cause } = error;
  const blaming =
    error instanceof TooLargeValue
      ? tooLargeValue(refused, message)
      : refusedValue(refused, message, cause === undefined ? undefined : { cause });
  return beginAtCaller(blaming, callee) ? blaming : error;
};
