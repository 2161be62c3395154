import { CodexRedisError, type CodexRedisErrorOptions } from './codex-redis.error.js';
import { HttpMappedError } from './http-mapped.error.js';

/** The session was ended (logged out, expired) while it was in use. It is not created again. HTTP status 400. */
export class SessionInterruptedError extends HttpMappedError {
  override readonly name: string = 'SessionInterruptedError';
  readonly code = 'CODEX_REDIS_SESSION_INTERRUPTED';

  constructor(options?: CodexRedisErrorOptions) {
    super(
      400,
      'The session was ended before the request completed. The user may have logged out in a concurrent request, for example.',
      options,
    );
  }
}

/** Other requests kept changing the session until the deadline; nothing was saved. HTTP status 503. */
export class SessionConflictError extends HttpMappedError {
  override readonly name: string = 'SessionConflictError';
  readonly code = 'CODEX_REDIS_SESSION_CONFLICT';

  constructor(
    message = 'The session could not be saved: other requests kept changing it. Try again.',
    options?: CodexRedisErrorOptions,
  ) {
    super(503, message, options);
  }
}

/** The last sign-in or confirmation is older than `@RequiresFreshSession()` allows. HTTP status 403. */
export class SessionStaleError extends HttpMappedError {
  override readonly name: string = 'SessionStaleError';
  readonly code = 'CODEX_REDIS_SESSION_STALE';

  constructor(options?: CodexRedisErrorOptions) {
    super(
      403,
      'The last sign-in or confirmation of this session is too long ago. Confirm it again.',
      options,
    );
  }
}

/** The session would be larger than `session.maxBytes`; nothing was saved. HTTP status 413. */
export class SessionTooLargeError extends HttpMappedError {
  override readonly name: string = 'SessionTooLargeError';
  readonly code = 'CODEX_REDIS_SESSION_TOO_LARGE';

  constructor(bytes: number, maxBytes: number, options?: CodexRedisErrorOptions) {
    super(
      413,
      `The session was not saved: it would take ${bytes} bytes, and session.maxBytes allows ${maxBytes}. Store less in it, ` +
        'or raise the option.',
      options,
    );
  }
}

/** The user has as many sessions as `session.perUser` allows; nothing was saved. HTTP status 409. */
export class SessionLimitError extends HttpMappedError {
  override readonly name: string = 'SessionLimitError';
  readonly code = 'CODEX_REDIS_SESSION_LIMIT';

  constructor(options?: CodexRedisErrorOptions) {
    super(
      409,
      'The user is signed in on as many devices as are allowed. Log out on one of them, and sign in again.',
      options,
    );
  }
}

/** A new session could not be created, because something is stored under its key. */
export class SessionCreateError extends CodexRedisError {
  override readonly name: string = 'SessionCreateError';
  readonly code = 'CODEX_REDIS_SESSION_CREATE';
}

/** A session was used in a way its state does not allow: before it was loaded, or after it was committed. */
export class SessionStateError extends CodexRedisError {
  override readonly name: string = 'SessionStateError';
  readonly code = 'CODEX_REDIS_SESSION_STATE';
}
