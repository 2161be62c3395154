import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { throttlerLogger } from '../common/loggers.js';
import type { CodexRedisSettings } from '../config/settings.js';
import { RedisConnectionError, RedisUnavailableError } from '../errors/redis.errors.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { CACHE_STORE, SETTINGS } from '../tokens/internal-tokens.js';

/** How the rate limits behave. */
export interface ThrottlerStorageOptions {
  /**
   * What becomes of requests while Redis is away, starting or failing over: `refuse` answers 503, `allow` lets them
   * pass, uncounted, and logs a warning once for each outage.
   * @default 'refuse'
   */
  whenUnavailable?: 'refuse' | 'allow' | undefined;
}

export const THROTTLER_STORAGE_OPTIONS = Symbol('CodexRedis throttler storage options');

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

const UNCOUNTED: ThrottlerRecord = { totalHits: 0, timeToExpire: 0, isBlocked: false, timeToBlockExpire: 0 };

/** Why Redis is away; `undefined` when it is not, and the command itself failed. */
const reasonToBeAway = (error: unknown): string | undefined => {
  if (error instanceof RedisUnavailableError) return error.replyCode;
  return error instanceof RedisConnectionError ? error.code : undefined;
};

/** Counts the hits of `@nestjs/throttler` on the cache's Redis, so that all instances share their limits. */
@Injectable()
export class CodexRedisThrottlerStorage implements ThrottlerStorage {
  readonly #keyPrefix: string;
  #unavailable = false;

  constructor(
    @Inject(CACHE_STORE) private readonly store: KeyValueStore,
    @Inject(SETTINGS) { cache, session }: CodexRedisSettings,
    @Optional() @Inject(THROTTLER_STORAGE_OPTIONS) private readonly options: ThrottlerStorageOptions = {},
  ) {
    this.#keyPrefix = `${cache.keyPrefix || (session?.projectName ?? '')}:throttle:`;
  }

  /**
   * Counts a hit. `ttl` and `blockDuration` are milliseconds; the times of the result are whole seconds, rounded up.
   *
   * @throws RedisConnectionError or RedisServiceError when Redis is away, unless `whenUnavailable` is `allow`.
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    try {
      const hit = await this.store.hit(`${this.#keyPrefix}${throttlerName}:${key}`, {
        windowMs: ttl,
        limit,
        blockMs: blockDuration,
      });
      this.#unavailable = false;
      return {
        totalHits: hit.hits,
        timeToExpire: Math.ceil(hit.windowRemainingMs / 1000),
        isBlocked: hit.blocked,
        timeToBlockExpire: Math.ceil(hit.blockRemainingMs / 1000),
      };
    } catch (error) {
      const reason = reasonToBeAway(error);
      if (this.options.whenUnavailable !== 'allow' || reason === undefined) throw error;
      this.#warnOnce(reason);
      return UNCOUNTED;
    }
  }

  #warnOnce(reason: string): void {
    if (this.#unavailable) return;
    this.#unavailable = true;
    throttlerLogger.warn(`Requests pass without a rate limit while Redis is away (${reason})`);
  }
}
