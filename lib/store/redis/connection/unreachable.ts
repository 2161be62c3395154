import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../../errors/redis.errors.js';

/** The error of a call while there is no connection. It names a server only where an operator has something to mend. */
export const unreachable = (cause: unknown): RedisConnectionError =>
  new RedisConnectionError(cause instanceof ImproperlyConfiguredError ? cause.message : undefined, { cause });
