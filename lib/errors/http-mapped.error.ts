import { HttpException } from '@nestjs/common';
import { brandErrors, type CodexRedisError, type CodexRedisErrorOptions } from './codex-redis.error.js';

/** An error with an HTTP status. */
export interface HttpErrorBody {
  readonly statusCode: number;
  readonly message: string;
  /** The `code` of the error. */
  readonly code: string;
}

const SERVICE_UNAVAILABLE = 503;

/**
 * An error with an HTTP status: one of Nest's HttpExceptions, and `instanceof CodexRedisError`. Its `message` is for
 * logs; the client gets `getResponse()`.
 */
export abstract class HttpMappedError extends HttpException implements CodexRedisError {
  static {
    brandErrors(this.prototype);
  }

  /** Written out, since a minified class has another name. */
  abstract override readonly name: string;
  /** Stable across releases. Compare this instead of the message. */
  abstract readonly code: string;

  /** The extensions that GraphQL servers send with the message. */
  get extensions(): { readonly code: string } {
    return { code: this.code };
  }

  constructor(status: number, message: string, options: CodexRedisErrorOptions = {}) {
    super(message, status);
    hideCause(this, options);
    // HttpException sets the message after the stack was written down, which begins with it
    Error.captureStackTrace(this, new.target);
  }

  /** The body of the response with the error's message. For a 503, it says only that the service is not available. */
  override getResponse(): HttpErrorBody {
    const statusCode = this.getStatus();
    const message = statusCode === SERVICE_UNAVAILABLE ? 'Service Unavailable' : this.message;
    return { statusCode, message, code: this.code };
  }
}

/** HttpException has it among the properties that a log of JSON shows, and it may quote what Redis was sent. */
const hideCause = (error: Error, options: CodexRedisErrorOptions): void => {
  delete error.cause;
  if ('cause' in options)
    Object.defineProperty(error, 'cause', { value: options.cause, configurable: true, writable: true });
};
