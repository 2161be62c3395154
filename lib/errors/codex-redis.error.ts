/** The fields of every error of this module beyond its message. */
export interface CodexRedisErrorOptions {
  /** The cause of this error, if there is one. */
  readonly cause?: unknown;
}

/** The same in each copy of the package. */
const BRAND = Symbol.for('nestjs-codex-redis error');

/** Makes the errors of a class `instanceof CodexRedisError`, whatever they extend. */
export const brandErrors = (prototype: object): void => {
  Object.defineProperty(prototype, BRAND, { value: true });
};

/**
 * The base of every error this module raises by itself. `instanceof CodexRedisError` is true for each of them: also for
 * those that extend Nest's HttpException instead, and for those of another copy of this package.
 *
 * Messages never contain a password, a session key or a value.
 */
export abstract class CodexRedisError extends Error {
  static {
    brandErrors(this.prototype);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // of the classes below it none has this method itself; to compare with its name would cost the class that name in a bundle
    return Object.hasOwn(this, Symbol.hasInstance)
      ? typeof value === 'object' && value !== null && BRAND in value
      : Function.prototype[Symbol.hasInstance].call(this, value);
  }

  /** Written out, since a minified class has another name. */
  abstract override readonly name: string;
  /** Stable across releases. Compare this instead of the message. */
  abstract readonly code: string;

  /** The extensions that GraphQL servers send with the message. */
  get extensions(): { readonly code: string } {
    return { code: this.code };
  }

  constructor(message: string, options: CodexRedisErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
  }
}
