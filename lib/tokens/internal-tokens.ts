/**
 * Tokens of what `forRoot()` makes once for the whole application. They are visible everywhere and not part of the
 * public API; they are what Nest shows when they are missing.
 */
const token = (what: string): string =>
  `CodexRedis ${what} (import CodexRedisModule.forRoot() or forRootAsync() once, in the root module)`;

/** CodexRedisSettings. */
export const SETTINGS = token('settings');

/** Stores: every store of the application. */
export const STORES = token('stores');

/** Clock. */
export const CLOCK = token('clock');

/** StoreOpener: makes the store of a StoreSettings. */
export const STORE_OPENER = token('store opener');

/** KeyValueStore: that of the default cache. */
export const CACHE_STORE = token('cache store');

/** Serializers: those that the options of caches name. */
export const SERIALIZERS = token('serializers');

/** CacheService, the default one. */
export const DEFAULT_CACHE = token('default cache');

/** JsonSerializer. */
export const JSON_SERIALIZER = token('JSON serializer');

/** SessionService; one that refuses every call when sessions are off. */
export const SESSIONS = token('sessions');

/** SessionHttp: what the requests of the application share; null when sessions are off. */
export const SESSION_HTTP = token('sessions over HTTP');

/** () => void: gives every HTTP request its session; does nothing when sessions are off or there is no HTTP. */
export const MOUNT_SESSIONS = token('session mount');

/** () => void: lets the routes be cached that ask for it; does nothing where none does. */
export const MOUNT_CACHED_RESPONSES = token('mount of cached responses');

/** () => void: answers requests that failed with an error of this module; does nothing where there is no HTTP. */
export const MOUNT_FAILED_REQUESTS = token('mount of failed requests');
