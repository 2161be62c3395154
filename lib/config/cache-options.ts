import type { InjectionToken, Type } from '@nestjs/common';
import type { Serializer } from '../serializer/serializer.js';
import { duration, flag, functionOf, integer, isObject, kind, orNull, serializer, text } from './kinds.js';
import { isUnambiguousFirst } from './namespaces.js';
import { option, type OptionsOf, section } from './option.js';
import { type ReadThroughOptions, readThroughOptions } from './read-through-options.js';
import { type RedisSourceOptions, sourceOptions } from './source-options.js';

/** A serializer: an instance, its class, or the token of a provider. */
export type SerializerSource = Serializer | Type<Serializer> | InjectionToken<Serializer>;

/** Makes the Redis key of a cache key. The default gives `{keyPrefix}:{version}:{key}`. */
export type KeyFunction = (key: string, keyPrefix: string, version: number) => string;

/**
 * Returns the group of a cache key, such as `user` for `user:42`. `undefined` or an empty string means none. Characters
 * after the 100th are cut off.
 */
export type KeyGroup = (key: string) => string | undefined;

/** The inverse of a custom key function. `clear()`, `keys()` and `deletePattern()` need it. */
export interface KeyPattern {
  /** The Redis glob of the keys that match the glob `pattern` in `version`, or in every version. */
  glob(pattern: string, keyPrefix: string, version: number | undefined): string;
  /** The parts of a Redis key, or `undefined` if the key does not belong to this cache. */
  parse(redisKey: string, keyPrefix: string): { readonly key: string; readonly version: number } | undefined;
}

export const cacheOptions = {
  /**
   * The first segment of every cache key in Redis, such as `shop`. `clear()` needs it. With Django, it is the
   * KEY_PREFIX.
   *
   * A later segment must not consist of digits only.
   * @default ''
   */
  keyPrefix: option(
    text(
      'a string without a segment of digits only after its first colon (it could not be told from a version)',
      isUnambiguousFirst,
    ),
    { environment: 'CACHE_KEY_PREFIX', default: '' },
  ),
  /**
   * How long an entry lives if the call sets no timeout: seconds or a duration string. null (in the environment:
   * `none`) means forever, 0 stores nothing.
   * @default 300
   */
  timeout: option(orNull(duration(0), 'for never'), { environment: 'CACHE_TIMEOUT', default: 300 }),
  /**
   * The second segment of every cache key in Redis: an integer of at least 0. A new version starts with an empty
   * cache.
   * @default 1
   */
  version: option(integer(0), { environment: 'CACHE_VERSION', default: 1 }),
  /**
   * The maximum size in bytes of a stored value. A larger one is refused with a RangeError.
   * @default no limit
   */
  maxBytes: option(integer(1), { environment: 'CACHE_MAX_BYTES' }),
  /**
   * Converts values to text: an instance, a class or a provider token.
   * @default JsonSerializer
   */
  serializer: option(serializer<SerializerSource>()),
  /**
   * Builds the Redis key from the cache key.
   * @default {prefix}:{version}:{key}
   */
  keyFunction: option(functionOf<KeyFunction>('(key, keyPrefix, version) => string')),
  /**
   * Returns the group of a cache key for events, metrics and spans. Without it, they say nothing about keys. Keep the
   * number of groups small.
   */
  keyGroup: option(functionOf<KeyGroup>('(key) => string | undefined')),
  /**
   * What `getOrSet()` does beyond reading and storing. Each setting is a default that a call can override. With `grace`,
   * `refreshAhead` or `singleFlight`, all reads of the cache go to masters, even where replicas serve reads.
   */
  readThrough: section<typeof readThroughOptions, ReadThroughOptions>(readThroughOptions),
  /**
   * Whether entries can have tags for `invalidateTags()`. Set the same value in every process that uses the cache.
   *
   * All reads of such a cache go to masters, even where replicas serve reads.
   * @default false
   */
  tags: option(flag(), { default: false }),
  /**
   * Allows another cache with the same keyPrefix and version on the same Redis. Both must set it, and share their
   * entries.
   * @default false
   */
  sharedKeys: option(flag(), { default: false }),
  /**
   * The glob and the inverse of your `keyFunction`. `clear()`, `keys()` and `deletePattern()` then need it.
   */
  keyPattern: option(
    kind<KeyPattern>(
      'an object with the functions glob() and parse()',
      (value) =>
        isObject(value) && typeof value['glob'] === 'function' && typeof value['parse'] === 'function',
    ),
  ),
};

/** A cache within its Redis. */
export interface CacheOptions extends OptionsOf<typeof cacheOptions> {}

/** The options of `registerCache()`. */
export const namedCacheOptions = {
  name: option(text('a non-empty string')),
  ...sourceOptions,
  ...cacheOptions,
};

/** A further cache: `CodexRedisModule.registerCache()`. */
export interface NamedCacheOptions extends CacheOptions, RedisSourceOptions {
  /** The name for `@InjectCache()`, unique in the application. */
  name: string;
}
