import { CodexRedisError, type CodexRedisErrorOptions } from './codex-redis.error.js';

/**
 * An error that HTTP answers with a status of its own. Nest 11 reads `statusCode`, Nest 12 wants `status`,
 * `statusCode` and `expose` together; both send the message to the client, so it names no host.
 */
export abstract class HttpMappedError extends CodexRedisError {
  readonly status: number;
  readonly statusCode: number;
  readonly expose = true;

  constructor(status: number, message: string, options?: CodexRedisErrorOptions) {
    super(message, options);
    this.status = status;
    this.statusCode = status;
  }
}
