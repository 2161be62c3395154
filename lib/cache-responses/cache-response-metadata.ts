/** On a handler: its CacheResponseOptions. */
export const CACHE_RESPONSE = 'codex-redis:cache-response';

/** The metadata keys of `@CacheKey()` and `@CacheTTL()` of @nestjs/cache-manager. */
export const CACHE_KEY = 'cache_module:cache_key';
export const CACHE_TTL = 'cache_module:cache_ttl';
