export {
  CacheEvict,
  type CacheEvictOptions,
  type EvictAll,
  type EvictTags,
  type MethodTags,
} from './cache-decorators/cache-evict.decorator.js';
export { CachePut, type CachePutOptions } from './cache-decorators/cache-put.decorator.js';
export { Cacheable, type CacheableOptions } from './cache-decorators/cacheable.decorator.js';
export type {
  CacheChoice,
  MethodDecoratorFor,
  MethodKey,
  StoringDecoratorFor,
} from './cache-decorators/cached-method.js';
export { type CacheKey, cacheKey } from './cache/cache-key.js';
export type { Cache } from './cache/cache.js';
export { CacheService } from './cache/cache.service.js';
export { type LockContext, type LockOptions } from './cache/locks.js';
export type { CacheStats } from './cache/observing/cache-stats.js';
export { escapeGlob } from './common/glob.js';
export type { TouchOptions, VersionOptions, WriteOptions } from './cache/call-options.js';
export type { Entries, Loaded } from './cache/entries.js';
export type { FactoryContext } from './cache/read-through/factory-run.js';
export type { GetOrSetOptions } from './cache/read-through/get-or-set-options.js';
export type { Timeout } from './cache/timeout.js';
export {
  type CacheDefinition,
  type CacheDefinitionOptions,
  defineCache,
} from './cache/typed/define-cache.js';
export type { StandardSchema } from './cache/typed/standard-schema.js';
export { TypedCache, type TypedCacheOf } from './cache/typed/typed-cache.js';
export type { ValueForm } from './cache/typed/value-form.js';
export { CacheResponse } from './cache-responses/cache-response.decorator.js';
export type {
  CacheResponseInterceptorOptions,
  CacheResponseOptions,
} from './cache-responses/cache-response-options.js';
export { CacheResponseInterceptor } from './cache-responses/cache-response.interceptor.js';
export { CodexRedisModule } from './module/codex-redis.module.js';
export { type AnyCacheDefinition } from './module/typed-caches.js';
export {
  type CodexRedisFactoryResult,
  type CodexRedisModuleAsyncOptions,
  type CodexRedisModuleExtras,
  type CodexRedisOptionsFactory,
  type NamedCacheAsyncOptions,
  type NamedCacheFactoryResult,
} from './module/codex-redis.module-definition.js';
export { codexRedisConfig } from './config/codex-redis.config.js';
export {
  type CacheOptions,
  type KeyFunction,
  type KeyGroup,
  type KeyPattern,
  type NamedCacheOptions,
  type SerializerSource,
} from './config/cache-options.js';
export type { ReadThroughOptions } from './config/read-through-options.js';
export { type Duration } from './config/kinds.js';
export { mergeOptions } from './config/merge-options.js';
export { type CodexRedisOptions, type MemoryOptions } from './config/options.js';
export { type CookieOptions } from './config/cookie-options.js';
export { type AtRestOptions, type PerUserOptions, type SessionOptions } from './config/session-options.js';
export { type NodeRedisClient, type RedisSourceOptions } from './config/source-options.js';
export { type SessionOrigin } from './config/session-origin.js';
export { CacheFactoryCycleError, CacheFactoryTimeoutError } from './errors/cache-factory.errors.js';
export { CacheLockError } from './errors/cache-lock.error.js';
export { CacheKeyNotFoundError } from './errors/cache-key-not-found.error.js';
export { CodexRedisError, type CodexRedisErrorOptions } from './errors/codex-redis.error.js';
export { type HttpErrorBody, HttpMappedError } from './errors/http-mapped.error.js';
export { ImproperlyConfiguredError } from './errors/improperly-configured.error.js';
export {
  RedisConnectionError,
  RedisServiceError,
  RedisTimeoutError,
  RedisUnavailableError,
} from './errors/redis.errors.js';
export { SerializationError } from './errors/serialization.error.js';
export {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
  SessionStaleError,
  SessionStateError,
  SessionLimitError,
  SessionTooLargeError,
} from './errors/session.errors.js';
export { JsonSerializer } from './serializer/json-serializer.js';
export type { JsonValue } from './serializer/json-value.js';
export { type Serializer } from './serializer/serializer.js';
export { type Clock } from './common/clock.js';
export { CodexRedisHealth, type ConnectionHealth, type HealthReport } from './store/codex-redis-health.js';
export type {
  ExpiryReckoning,
  /** The type `Session`, as SessionService returns it, under a name that does not collide with the decorator. */
  Session as SessionObject,
  SessionCallback,
  SessionExpiry,
  SessionMethods,
  SessionStatus,
  SignInOptions,
} from './session/object/session.js';
export type {
  SessionEvent,
  SessionEventName,
  SessionEvents,
  SessionListener,
} from './session/stored/session-events.js';
export type { CommitOutcome, SaveOptions, SessionEffect } from './session/object/session-save.js';
export type { DjangoLogin } from './session/object/session-user.js';
export { SessionService } from './session/session.service.js';
export type { ReindexOptions, ReindexProgress } from './session/users/reindex.js';
export type { EndOfUserOptions, OfUserOptions, UserSession } from './session/users/user-sessions.js';
export { connectRedis, type ConnectRedisOptions } from './session/wire/connect-redis.js';
export { type EarlierSession } from './session/object/session-identity.js';
export type { RequestWithSession, SessionData } from './session-http/request-types.js';
export { loadSession } from './session-http/nest/load-session.js';
export { RequiresFreshSession } from './session-http/nest/fresh-session.decorator.js';
export { Session } from './session-http/nest/session.decorator.js';
export { SessionGuard } from './session-http/nest/session.guard.js';
export { SessionInterceptor } from './session-http/nest/session.interceptor.js';
export { SkipSession, UseSession } from './session-http/nest/session-use.decorator.js';
export type { CacheEvent, CacheOperation, CacheOutcome } from './telemetry/cache-channel.js';
export type { OperationEvent } from './telemetry/operations.js';
export type { SessionOperation, SessionOperationEvent, SessionOutcome } from './telemetry/session-channel.js';
export { type CacheToken, getCacheToken, InjectCache } from './tokens/cache-token.js';
export {
  getTypedCacheToken,
  InjectTypedCache,
  type TypedCacheName,
  type TypedCacheToken,
} from './tokens/typed-cache-token.js';
