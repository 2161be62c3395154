/**
 * Lets the stack of an error begin where `callee` was called, rather than in this package.
 *
 * @param callee the function that the caller called; it must be running, or resumed
 * @returns whether the caller is known: a promise that was handed on knows none, and the stack stays as it was
 */
export const beginAtCaller = (error: Error, callee: unknown): boolean => {
  const { stack: before } = error;
  Error.captureStackTrace(error, callee as () => void);
  const stack = withoutNodeFirst(error.stack ?? '');
  error.stack = stack ?? before ?? '';
  return stack !== undefined;
};

const FRAME = /^ {4}at /;

/** Of Node, and of V8: where a generator is resumed. */
const OF_THE_RUNTIME = /\(node:internal\/|\(<anonymous>\)$/;

/** After a pause, the runtime's own frames stand before those of the caller. */
const withoutNodeFirst = (stack: string): string | undefined => {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => FRAME.test(line));
  const own = lines.findIndex((line) => FRAME.test(line) && !OF_THE_RUNTIME.test(line));
  return own < 0 ? undefined : [...lines.slice(0, first), ...lines.slice(own)].join('\n');
};
