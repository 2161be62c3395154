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
 * An error that HTTP answers with a status of its own: one of Nest's HttpExceptions, and `instanceof CodexRedisError`.
 * Its `message` is for logs; what the client is told is `getResponse()`.
 */
export abstract class HttpMappedError extends HttpException implements CodexRedisError {
  static {
    brandErrors(this.prototype);
  }

  /** Written out, since a minified class has another name. */
  abstract override readonly name: string;
  /** Stable across releases; compare this rather than the message. */
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

  /** The body of the response: the error's own words, but of a 503 only that the service is not available. */
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
