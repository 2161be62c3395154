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

/** Says of a cache key which group of keys it belongs to, such as `user` of `user:42`; `undefined` is none. */
export type KeyGroup = (key: string) => string | undefined;

/** The inverse of an own key function, which `clear()`, `keys()` and `deletePattern()` need. */
export interface KeyPattern {
  /** A Redis glob for the keys that match `pattern` (itself a glob) in `version`, or in every version. */
  glob(pattern: string, keyPrefix: string, version: number | undefined): string;
  /** The parts of a Redis key, or `undefined` when it is not one of this cache. */
  parse(redisKey: string, keyPrefix: string): { readonly key: string; readonly version: number } | undefined;
}

export const cacheOptions = {
  /**
   * The first segment of every cache key, as Django's KEY_PREFIX; `clear()` needs it.
   *
   * A segment after the first must not consist of digits only.
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
   * Seconds, or a duration string, until an entry expires unless the call says otherwise; null (in the environment:
   * `none`) is never, 0 stores nothing.
   * @default 300
   */
  timeout: option(orNull(duration(0), 'for never'), { environment: 'CACHE_TIMEOUT', default: 300 }),
  /**
   * The second segment of every cache key, an integer from 0.
   * @default 1
   */
  version: option(integer(0), { environment: 'CACHE_VERSION', default: 1 }),
  /**
   * How many bytes the text of a value may take. A larger one is refused with a RangeError, and nothing is stored.
   * @default no bound
   */
  maxBytes: option(integer(1), { environment: 'CACHE_MAX_BYTES' }),
  /**
   * How values become text: an instance, a class or a provider token.
   * @default JsonSerializer
   */
  serializer: option(serializer<SerializerSource>()),
  /**
   * Makes the Redis key of a cache key.
   * @default {prefix}:{version}:{key}
   */
  keyFunction: option(functionOf<KeyFunction>('(key, keyPrefix, version) => string')),
  /**
   * The group of a cache key, which events, metrics and spans name; without it they tell nothing of keys. There are to be
   * few groups.
   */
  keyGroup: option(functionOf<KeyGroup>('(key) => string | undefined')),
  /** What `getOrSet()` does beside; each is the default of a call, which may say otherwise. */
  readThrough: section<typeof readThroughOptions, ReadThroughOptions>(readThroughOptions),
  /**
   * Whether entries may be stored with tags, by which `invalidateTags()` invalidates all that carry one. The same in every
   * process that uses the cache.
   * @default false
   */
  tags: option(flag(), { default: false }),
  /**
   * Whether another cache may have the same keyPrefix and version on the same Redis, and so the same entries; both say so.
   * @default false
   */
  sharedKeys: option(flag(), { default: false }),
  /** With `keyFunction`: its glob and its inverse, for `clear()`, `keys()` and `deletePattern()`. */
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

/** What `registerCache()` takes. */
export const namedCacheOptions = {
  name: option(text('a non-empty string')),
  ...sourceOptions,
  ...cacheOptions,
};

/** A further cache: `CodexRedisModule.registerCache()`. */
export interface NamedCacheOptions extends CacheOptions, RedisSourceOptions {
  /** What `@InjectCache()` asks for; unique in the application. */
  name: string;
}
