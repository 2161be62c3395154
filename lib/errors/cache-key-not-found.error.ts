import { CodexRedisError } from './codex-redis.error.js';

/** A call that changes an entry in place (incr, decr, incrVersion …) found no entry. */
export class CacheKeyNotFoundError extends CodexRedisError {
  override readonly name: string = 'CacheKeyNotFoundError';
  readonly code = 'CODEX_REDIS_CACHE_KEY_NOT_FOUND';

  constructor(readonly key: string) {
    super(`The cache has no entry under the key ${JSON.stringify(key)}; store one with add() or set() first`);
  }
}
