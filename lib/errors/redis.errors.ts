import type { CodexRedisErrorOptions } from './codex-redis.error.js';
import { HttpMappedError } from './http-mapped.error.js';

const SERVICE_UNAVAILABLE = 503;

/** Redis could not be reached, or the connection was lost before it answered. HTTP status 503. */
export class RedisConnectionError extends HttpMappedError {
  override readonly name: string = 'RedisConnectionError';
  readonly code: string = 'CODEX_REDIS_CONNECTION';

  constructor(message = 'Redis is not reachable', options?: CodexRedisErrorOptions) {
    super(SERVICE_UNAVAILABLE, message, options);
  }
}

/** Redis did not answer within the deadline. Whether a write took place is unknown. HTTP status 503. */
export class RedisTimeoutError extends RedisConnectionError {
  override readonly name: string = 'RedisTimeoutError';
  override readonly code = 'CODEX_REDIS_TIMEOUT';

  constructor(deadlineMs: number, options?: CodexRedisErrorOptions) {
    super(`Redis did not answer within ${deadlineMs} ms; whether a write took place is unknown`, options);
  }
}

/** Redis answered with an error (`WRONGTYPE`, `OOM`, `READONLY` …). HTTP status 503. */
export class RedisServiceError extends HttpMappedError {
  override readonly name: string = 'RedisServiceError';
  readonly code: string = 'CODEX_REDIS_SERVICE';

  /**
   * @param replyCode the first word of Redis' reply, such as `WRONGTYPE`; the reply itself, which may quote
   *   arguments, stands in `cause` only.
   * @param message for logs
   */
  constructor(
    readonly replyCode: string,
    options?: CodexRedisErrorOptions,
    message = `Redis refused the command: ${replyCode}`,
  ) {
    super(SERVICE_UNAVAILABLE, message, options);
  }
}

/**
 * Redis cannot serve the command now (`LOADING`, `BUSY`, `READONLY`, `OOM`, `NOREPLICAS` …) and did nothing. The same
 * command may succeed later. HTTP status 503.
 */
export class RedisUnavailableError extends RedisServiceError {
  override readonly name: string = 'RedisUnavailableError';
  override readonly code = 'CODEX_REDIS_UNAVAILABLE';
}
