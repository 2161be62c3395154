/**
 * The part of an error that a log may show: not its cause, which may be an answer of Redis that quotes a session key.
 */
export const stackOf = (error: unknown): string | undefined =>
  error instanceof Error ? error.stack : undefined;
