import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { describeValue } from '../common/describe-value.js';
import { throttlerLogger } from '../common/loggers.js';
import type { CodexRedisSettings } from '../config/settings.js';
import { RedisConnectionError, RedisUnavailableError } from '../errors/redis.errors.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { HitOutcome } from '../store/rate-limit.js';
import { cacheOperations } from '../telemetry/cache-channel.js';
import { failedBy } from '../telemetry/operations.js';
import { CACHE_STORE, SETTINGS } from '../tokens/internal-tokens.js';

/** Options of the rate limits. */
export interface ThrottlerStorageOptions {
  /**
   * The treatment of requests while Redis is down, starting or failing over. `refuse` answers 503. `allow` lets them
   * pass uncounted, and logs a warning once for each outage.
   *
   * @default 'refuse'
   */
  whenUnavailable?: 'refuse' | 'allow' | undefined;
}

export const THROTTLER_STORAGE_OPTIONS = Symbol('CodexRedis throttler storage options');

type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

const UNCOUNTED: ThrottlerRecord = { totalHits: 0, timeToExpire: 0, isBlocked: false, timeToBlockExpire: 0 };

/** The reason that Redis is down; `undefined` when it is not, and the command itself failed. */
const reasonToBeAway = (error: unknown): string | undefined => {
  if (error instanceof RedisUnavailableError) return error.replyCode;
  return error instanceof RedisConnectionError ? error.code : undefined;
};

/** Stands for a time that never ends: added to the present it is still an exact integer for Redis. */
const FOREVER_MS = 2 ** 52;

const number = (value: number, name: string): number => {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`${name}: expected a number, got ${describeValue(value)}`);
  return value;
};

const milliseconds = (value: number, name: string): number =>
  Math.min(Math.max(number(value, name), 0), FOREVER_MS);

const secondsOf = (remainingMs: number): number =>
  remainingMs > FOREVER_MS / 2 ? Infinity : Math.ceil(remainingMs / 1000);

/** Tells of a hit while somebody observes: limits are on the connection of the default cache. */
const observeHit = (counting: () => Promise<HitOutcome>): Promise<HitOutcome> => {
  if (!cacheOperations.areObserved) return counting();
  const operation = cacheOperations.begin({ operation: 'throttle', cache: 'default' });
  return operation.run(counting, () => ({ outcome: 'done' }), failedBy);
};

/** So that no two pairs of a throttler's name and a key make one Redis key. */
const withoutColon = (name: string): string => name.replaceAll('%', '%25').replaceAll(':', '%3A');

/** Storage for `@nestjs/throttler` on the cache's Redis. All instances of the application share their limits. */
@Injectable()
export class CodexRedisThrottlerStorage implements ThrottlerStorage {
  readonly #keyPrefix: string;
  #unavailable = false;

  constructor(
    @Inject(CACHE_STORE) private readonly store: KeyValueStore,
    @Inject(SETTINGS) { cache, session, store: settings }: CodexRedisSettings,
    @Optional() @Inject(THROTTLER_STORAGE_OPTIONS) private readonly options: ThrottlerStorageOptions = {},
  ) {
    const owner = cache.keyPrefix || (session?.projectName ?? '');
    if (owner === '' && settings.reveal().source.kind !== 'memory')
      throw new ImproperlyConfiguredError(
        'cache.keyPrefix is required for rate limits: without it two applications on one Redis would share their ' +
          'counts; set it, or CACHE_KEY_PREFIX',
      );
    this.#keyPrefix = `${owner}:throttle:`;
  }

  /**
   * Counts a hit. `ttl` and `blockDuration` are milliseconds; `Infinity` never ends. The times of the result are whole
   * seconds, rounded up.
   *
   * @throws TypeError for a time or limit that is not a number.
   * @throws RedisConnectionError or RedisServiceError while Redis is down, unless `whenUnavailable` is `allow`.
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    const counting = (): Promise<HitOutcome> =>
      this.store.hit(`${this.#keyPrefix}${withoutColon(throttlerName)}:${key}`, {
        windowMs: milliseconds(ttl, 'ttl'),
        limit: number(limit, 'limit'),
        blockMs: milliseconds(blockDuration, 'blockDuration'),
      });
    try {
      const hit = await observeHit(counting);
      this.#unavailable = false;
      return {
        totalHits: hit.hits,
        timeToExpire: secondsOf(hit.windowRemainingMs),
        isBlocked: hit.blocked,
        timeToBlockExpire: secondsOf(hit.blockRemainingMs),
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
    throttlerLogger.warn(`Requests pass without a rate limit while Redis is down (${reason})`);
  }
}
