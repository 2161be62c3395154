import { TooLargeValue } from './bounded-serializer.js';

/** Of each refusal the cache key that it is about. */
const refusals = new WeakMap<object, string>();

/** The TypeError for a value that cannot be stored under a key, which its message names. */
export const refusedValue = (key: string, message: string, options?: ErrorOptions): TypeError => {
  const error = new TypeError(message, options);
  refusals.set(error, key);
  return error;
};

/** What dumping the value of a key has thrown; a refusal with the key in its message. */
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
  Error.captureStackTrace(blaming, callee as () => void);
  const stack = withoutNodeFirst(blaming.stack ?? '');
  // a promise that was handed on knows no caller
  if (stack === undefined) return error;
  blaming.stack = stack;
  return blaming;
};

const FRAME = /^ {4}at /;

/** Where a call goes on after a pause, Node's own frames stand before those of the caller. */
const withoutNodeFirst = (stack: string): string | undefined => {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => FRAME.test(line));
  const own = lines.findIndex((line) => FRAME.test(line) && !line.includes('(node:internal/'));
  return own < 0 ? undefined : [...lines.slice(0, first), ...lines.slice(own)].join('\n');
};
