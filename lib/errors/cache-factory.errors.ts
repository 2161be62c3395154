import { CodexRedisError } from './codex-redis.error.js';

/** The factory of a `getOrSet` took longer than its `factoryTimeout`. Its late value is dropped. */
export class CacheFactoryTimeoutError extends CodexRedisError {
  override readonly name: string = 'CacheFactoryTimeoutError';
  readonly code = 'CODEX_REDIS_CACHE_FACTORY_TIMEOUT';

  constructor(
    readonly key: string,
    readonly timeoutMs: number,
  ) {
    super(
      `getOrSet: the factory for ${JSON.stringify(key)} took longer than ${timeoutMs} ms; let it heed the signal it is ` +
        'given, or raise factoryTimeout',
    );
  }
}

/** Factories of `getOrSet` wait for each other and would never end. */
export class CacheFactoryCycleError extends CodexRedisError {
  override readonly name: string = 'CacheFactoryCycleError';
  readonly code = 'CODEX_REDIS_CACHE_FACTORY_CYCLE';

  /** @param keys what waits for what: each key's factory asks for the next one, and the last for the first. */
  constructor(readonly keys: readonly string[]) {
    super(
      `getOrSet: factories wait for each other: ${[...keys, keys[0]].map((key) => JSON.stringify(key)).join(' → ')}; ` +
        'compute one of these values without asking the cache for the other',
    );
  }
}
