/** What every error of this module carries beside its message. */
export interface CodexRedisErrorOptions {
  /** The failure behind this one, where there is one. */
  readonly cause?: unknown;
}

/**
 * The base of every error this module raises by itself.
 *
 * Messages never contain a password, a session key or a value.
 */
export abstract class CodexRedisError extends Error {
  /** Written out, since a minified class has another name. */
  abstract override readonly name: string;
  /** Stable across releases; compare this rather than the message. */
  abstract readonly code: string;

  /** What GraphQL servers send beside the message. */
  get extensions(): { readonly code: string } {
    return { code: this.code };
  }

  constructor(message: string, options: CodexRedisErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
  }
}
