import { CacheKeyNotFoundError } from '../../../lib/errors/cache-key-not-found.error.js';
import { ImproperlyConfiguredError } from '../../../lib/errors/improperly-configured.error.js';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
} from '../../../lib/errors/redis.errors.js';
import { SerializationError } from '../../../lib/errors/serialization.error.js';
import { SessionConflictError, SessionInterruptedError } from '../../../lib/errors/session.errors.js';

describe('errors', () => {
  const all = [
    new CacheKeyNotFoundError('k'),
    new ImproperlyConfiguredError('no'),
    new RedisConnectionError(),
    new RedisTimeoutError(1000),
    new RedisServiceError('OOM'),
    new SerializationError('bad'),
    new SessionConflictError(),
    new SessionInterruptedError(),
  ];

  it('have a name and a stable code of their own', () => {
    expect(new Set(all.map((error) => error.code)).size).toBe(all.length);
    expect(all.map((error) => error.name)).toEqual(all.map((error) => error.constructor.name));
  });

  it('carry for HTTP what Nest 11 and Nest 12 read', () => {
    expect(new RedisTimeoutError(5)).toMatchObject({ status: 503, statusCode: 503, expose: true });
    expect(new SessionInterruptedError()).toMatchObject({ status: 400, statusCode: 400, expose: true });
  });

  it('list every problem of a configuration', () => {
    const error = new ImproperlyConfiguredError(['one', 'two']);
    expect(error.problems).toEqual(['one', 'two']);
    expect(error.message).toContain('  - one\n  - two');
  });

  it('keep the cause', () => {
    const cause = new Error('socket');
    expect(new RedisConnectionError('away', { cause }).cause).toBe(cause);
    expect('cause' in new RedisConnectionError()).toBe(false);
  });
});
