import type { InjectionToken, Type } from '@nestjs/common';
import type { RedisClientOptions, RedisClusterOptions, RedisSentinelOptions } from 'redis';
import type { Serializer } from '../serializer/serializer.js';

/**
 * A connected node-redis client of the user's own. Only these members are used; any `createClient()` fits.
 */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  sendCommand(args: string[], options?: { readonly typeMapping?: object }): Promise<unknown>;
}

/** Seconds, or a duration string such as `'90s'`, `'5m'` or `'1h'`. */
export type Duration = number | string;

/** A serializer: an instance, its class, or the token of a provider. */
export type SerializerSource = Serializer | Type<Serializer> | InjectionToken<Serializer>;

/** Makes the Redis key of a cache key. The default gives `{keyPrefix}:{version}:{key}`. */
export type KeyFunction = (key: string, keyPrefix: string, version: number) => string;

/** The inverse of an own key function, which `clear()`, `keys()` and `deletePattern()` need. */
export interface KeyPattern {
  /** A Redis glob for the keys that match `pattern` (itself a glob) in `version`, or in every version. */
  glob(pattern: string, keyPrefix: string, version: number | undefined): string;
  /** The parts of a Redis key, or `undefined` when it is not one of this cache. */
  parse(redisKey: string, keyPrefix: string): { readonly key: string; readonly version: number } | undefined;
}

/**
 * Which Redis to use; at most one of `url`, `cluster`, `sentinel` and `client`. Sessions and further caches without
 * any of them use the one of the module.
 */
export interface RedisSourceOptions {
  /**
   * `redis:`, `rediss:`, `unix:///path?db=2`, or `memory:` for the embedded store.
   * @default 'redis://localhost:6379/0'
   */
  url?: string | undefined;
  /** node-redis options for this `url`, handed through: TLS, ACL user, client name … No other Redis gets them. */
  clientOptions?: RedisClientOptions | undefined;
  /** A Redis Cluster, in the shape of node-redis' `createCluster`. */
  cluster?: RedisClusterOptions | undefined;
  /** A master behind Redis Sentinels, in the shape of node-redis' `createSentinel`. */
  sentinel?: RedisSentinelOptions | undefined;
  /** A connected client of your own: used, but never configured, closed or destroyed. */
  client?: NodeRedisClient | undefined;
}

/** A cache within its Redis. */
export interface CacheOptions {
  /**
   * The first segment of every key of the cache, as Django's KEY_PREFIX; `clear()` needs it. A segment after the
   * first must not consist of digits only.
   * @default ''
   */
  keyPrefix?: string | undefined;
  /**
   * Seconds (or a duration string) until an entry expires unless the call says otherwise; `null` is never,
   * 0 stores nothing.
   * @default 300
   */
  timeout?: Duration | null | undefined;
  /**
   * The second segment of every key, an integer from 0.
   * @default 1
   */
  version?: number | undefined;
  /**
   * How values become text.
   * @default JsonSerializer
   */
  serializer?: SerializerSource | undefined;
  /** Makes the Redis key of a cache key. */
  keyFunction?: KeyFunction | undefined;
  /** The inverse of `keyFunction`. */
  keyPattern?: KeyPattern | undefined;
}

/** The session cookie. */
export interface CookieOptions {
  /** @default `sessionid_{projectName}` */
  name?: string | undefined;
  /**
   * `null` leaves the attribute out.
   * @default '/'
   */
  path?: string | null | undefined;
  /** Without it the cookie goes to this host only. */
  domain?: string | undefined;
  /**
   * Sent over TLS only.
   * @default true when NODE_ENV is `production`
   */
  secure?: boolean | undefined;
  /**
   * Hidden from scripts in the page.
   * @default true
   */
  httpOnly?: boolean | undefined;
  /**
   * `false` leaves the attribute out; `'none'` needs `secure`.
   * @default 'lax'
   */
  sameSite?: 'lax' | 'strict' | 'none' | false | undefined;
  /** Kept apart for each top-level site (CHIPS); needs `secure`. */
  partitioned?: boolean | undefined;
  /** Which cookies a browser that has too many keeps longest. */
  priority?: 'low' | 'medium' | 'high' | undefined;
}

/** Sessions. They are on when this is given, and need `projectName` and `secretKey`. */
export interface SessionOptions extends RedisSourceOptions {
  /**
   * The second segment of every session's key, after `projectName`.
   * @default 'session'
   */
  keyPrefix?: string | undefined;
  /**
   * The salt of the signature: `django.contrib.sessions.` and the name of the Django class that shares the sessions,
   * which is the `key_salt` of its SessionStore.
   * @default 'django.contrib.sessions.SessionStore'
   */
  salt?: string | undefined;
  /**
   * Seconds (or a duration string) a session lives after it was last saved.
   * @default 1209600
   */
  age?: Duration | undefined;
  /**
   * Whether the cookie ends with the browser.
   * @default false
   */
  expireAtBrowserClose?: boolean | undefined;
  /**
   * Whether each request extends the session.
   * @default false
   */
  saveEveryRequest?: boolean | undefined;
  /**
   * Whether every route has its session, or those with `@UseGuards(SessionGuard)` and
   * `@UseInterceptors(SessionInterceptor)`.
   * @default 'global'
   */
  mount?: 'global' | 'manual' | undefined;
  /**
   * Whether every handler loads the session, or those that declare it with `@Session()` or `@UseSession()`.
   * @default 'always'
   */
  load?: 'always' | 'declared' | undefined;
  /** The attributes of the session cookie. */
  cookie?: CookieOptions | undefined;
  /**
   * The Cache-Control of a response that carries a session cookie and has none of its own; `null` sends none.
   * @default 'private, no-store'
   */
  cacheControl?: string | null | undefined;
}

/** The embedded store of `memory:`. */
export interface MemoryOptions {
  /** How many cache entries there may be; the least recently used go first, sessions never. */
  maxEntries?: number | undefined;
}

/** What `CodexRedisModule.forRoot()` takes. */
export interface CodexRedisOptions extends RedisSourceOptions {
  /**
   * Milliseconds Redis has to answer a command. That it did not is noticed up to a fifth later; a reply that is still
   * arriving is waited for.
   * @default 1000
   */
  operationTimeoutMs?: number | undefined;
  /**
   * Milliseconds within which a connection is made, or the start fails.
   * @default 5000
   */
  connectTimeoutMs?: number | undefined;
  /** Bounds the embedded store of `memory:`. */
  memory?: MemoryOptions | undefined;
  /** The first segment of every session's key, as codex-django's PROJECT_NAME. Sessions need it. */
  projectName?: string | undefined;
  /** Signs the sessions, as Django's SECRET_KEY; shorter ones than 32 bytes are warned of. Sessions need it. */
  secretKey?: string | Uint8Array | undefined;
  /** Earlier secret keys, which still verify; the next save signs with `secretKey`. */
  secretKeyFallbacks?: readonly (string | Uint8Array)[] | undefined;
  /** The default cache, injected as `CacheService`. */
  cache?: CacheOptions | undefined;
  /** Turns sessions on; `{}` gives them their defaults. */
  session?: SessionOptions | undefined;
}

/** A further cache: `CodexRedisModule.registerCache()`. */
export interface NamedCacheOptions extends CacheOptions, RedisSourceOptions {
  /** What `@InjectCache()` asks for; unique in the application. */
  name: string;
}
