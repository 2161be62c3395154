import { HttpException } from '@nestjs/common';
import {
  CacheFactoryCycleError,
  CacheFactoryTimeoutError,
} from '../../../lib/errors/cache-factory.errors.js';
import { CacheLockError } from '../../../lib/errors/cache-lock.error.js';
import { CacheKeyNotFoundError } from '../../../lib/errors/cache-key-not-found.error.js';
import { CodexRedisError } from '../../../lib/errors/codex-redis.error.js';
import { ERROR_NAMES } from '../../../lib/errors/error-names.js';
import { HttpMappedError } from '../../../lib/errors/http-mapped.error.js';
import { ImproperlyConfiguredError } from '../../../lib/errors/improperly-configured.error.js';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
  RedisUnavailableError,
} from '../../../lib/errors/redis.errors.js';
import { SerializationError } from '../../../lib/errors/serialization.error.js';
import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
  SessionStaleError,
  SessionStateError,
  SessionLimitError,
  SessionTooLargeError,
} from '../../../lib/errors/session.errors.js';
import * as library from '../../../lib/index.js';

describe('errors', () => {
  const all = [
    new CacheFactoryCycleError(['k']),
    new CacheLockError('report', 'busy'),
    new CacheFactoryTimeoutError('k', 1),
    new CacheKeyNotFoundError('k'),
    new ImproperlyConfiguredError('no'),
    new RedisConnectionError(),
    new RedisTimeoutError(1000),
    new RedisServiceError('OOM'),
    new RedisUnavailableError('OOM'),
    new SerializationError('bad'),
    new SessionConflictError(),
    new SessionCreateError('taken'),
    new SessionInterruptedError(),
    new SessionStaleError(),
    new SessionStateError('not loaded'),
    new SessionLimitError(),
    new SessionTooLargeError(2, 1),
  ];

  it('have a name and a stable code of their own', () => {
    expect(new Set(all.map((error) => error.code)).size).toBe(all.length);
    expect(all.map((error) => error.name)).toEqual(all.map((error) => error.constructor.name));
    expect([...ERROR_NAMES].sort()).toEqual(all.map((error) => error.name).sort());
  });

  it.each([
    [new RedisConnectionError('at 10.0.0.7'), 503, 'Service Unavailable'],
    [new RedisTimeoutError(5), 503, 'Service Unavailable'],
    [new RedisServiceError('OOM'), 503, 'Service Unavailable'],
    [new RedisUnavailableError('OOM'), 503, 'Service Unavailable'],
    [new SessionConflictError(), 503, 'Service Unavailable'],
    [new SessionInterruptedError(), 400, undefined],
    [new SessionStaleError(), 403, undefined],
    [new SessionLimitError(), 409, undefined],
    [new SessionTooLargeError(2, 1), 413, undefined],
  ])("CN15 $name is one of Nest's HttpExceptions, with a body for clients", (error, statusCode, message) => {
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toBeInstanceOf(HttpMappedError);
    expect(error.getStatus()).toBe(statusCode);
    expect(error.getResponse()).toEqual({ statusCode, message: message ?? error.message, code: error.code });
    expect(error.extensions).toEqual({ code: error.code });
    // the detailed message is for the log
    expect(error.stack).toContain(`${error.name}: ${error.message}\n`);
    expect(error.stack?.split('\n')[1]).toContain('errors.spec');
  });

  it('CN15 each exported error is an instance of CodexRedisError, and of no class but its own', () => {
    const exported = Object.values(library)
      .filter((value) => typeof value === 'function')
      .map((value) => value as { readonly prototype?: unknown; readonly name: string })
      .filter(({ prototype }) => prototype instanceof Error);
    const bases = [CodexRedisError, HttpMappedError] as const;
    for (const type of exported)
      expect([type.name, type.prototype instanceof CodexRedisError]).toContain(true);
    expect(exported.length).toBe(all.length + bases.length);
    for (const error of all) {
      expect(error).toBeInstanceOf(CodexRedisError);
      expect(error).toBeInstanceOf(error.constructor);
      expect(error instanceof HttpMappedError).toBe(error instanceof HttpException);
    }
    expect(new CacheKeyNotFoundError('k')).not.toBeInstanceOf(SerializationError);
    for (const other of [new Error('x'), {}, null, undefined, 'text'])
      expect(other).not.toBeInstanceOf(CodexRedisError);
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
    expect(JSON.stringify(new RedisConnectionError('away', { cause: { password: 'hidden' } }))).not.toContain(
      'hidden',
    );
  });
});
