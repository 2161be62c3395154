/** A place in a test, as `file:line`. */
type Line = string;

const lineOf = (frame: string | undefined): Line =>
  /([^/\\ (]+:\d+):\d+\)?$/.exec(frame ?? '')?.[1] ?? 'nowhere';

/** Where the stack of an error begins. */
export const blamedLine = (error: unknown): Line =>
  lineOf((error as Error).stack?.split('\n').find((line) => /^ +at /.test(line)));

/** The line after the one that calls this. */
export const nextLine = (): Line => {
  const line = lineOf(new Error().stack?.split('\n').filter((frame) => /^ +at /.test(frame))[1]);
  return line.replace(/\d+$/, (number) => String(Number(number) + 1));
};

/** What a call throws or rejects with. */
export const failureOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail');
};
