import { CacheFactoryCycleError, CacheFactoryTimeoutError } from './cache-factory.errors.js';
import { CacheKeyNotFoundError } from './cache-key-not-found.error.js';
import { CacheLockError } from './cache-lock.error.js';
import { ImproperlyConfiguredError } from './improperly-configured.error.js';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
  RedisUnavailableError,
} from './redis.errors.js';
import { SerializationError } from './serialization.error.js';
import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
  SessionLimitError,
  SessionStaleError,
  SessionStateError,
  SessionTooLargeError,
} from './session.errors.js';

/** One of each class. Only an instance has the name, since the class itself has another one once it is minified. */
const ONE_OF_EACH: readonly Error[] = [
  new CacheFactoryCycleError([]),
  new CacheFactoryTimeoutError('', 0),
  new CacheKeyNotFoundError(''),
  new CacheLockError('', 'busy'),
  new ImproperlyConfiguredError(''),
  new RedisConnectionError(),
  new RedisServiceError(''),
  new RedisTimeoutError(0),
  new RedisUnavailableError(''),
  new SerializationError(''),
  new SessionConflictError(),
  new SessionCreateError(''),
  new SessionInterruptedError(),
  new SessionLimitError(),
  new SessionStaleError(),
  new SessionStateError(''),
  new SessionTooLargeError(0, 0),
];

/** The names of all errors that this module raises by itself. */
export const ERROR_NAMES: ReadonlySet<string> = new Set(ONE_OF_EACH.map(({ name }) => name));
