import type { RedisClientOptions, RedisClusterOptions, RedisSentinelOptions } from 'redis';
import type { CookieOptions, KeyFunction, KeyPattern, NodeRedisClient, SerializerSource } from './options.js';

/** Where keys live, and how the module gets there. */
export type StoreSource =
  | { readonly kind: 'memory'; readonly maxEntries: number | undefined }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'cluster'; readonly options: RedisClusterOptions }
  | { readonly kind: 'sentinel'; readonly options: RedisSentinelOptions }
  | { readonly kind: 'client'; readonly client: NodeRedisClient };

/** A Redis, whichever way one gets there. */
export type RedisSource = Exclude<StoreSource, { readonly kind: 'memory' }>;

export interface StoreSettings {
  readonly source: StoreSource;
  readonly clientOptions: RedisClientOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Whether what it holds must not be evicted. */
  readonly holdsSessions?: boolean;
}

export interface RedisSettings extends StoreSettings {
  readonly source: RedisSource;
}

export interface CacheSettings {
  /** What stands before the name of one of its options in messages: `cache.`, or the cache's name. */
  readonly place: string;
  readonly keyPrefix: string;
  /** Whole milliseconds; `null` never expires. */
  readonly timeoutMs: number | null;
  readonly version: number;
  readonly serializer: SerializerSource | undefined;
  readonly keyFunction: KeyFunction | undefined;
  readonly keyPattern: KeyPattern | undefined;
}

/** The session cookie: everything but the optional attributes is decided. */
export type CookieSettings = {
  readonly [Name in 'name' | 'path' | 'secure' | 'httpOnly' | 'sameSite']-?: Exclude<
    CookieOptions[Name],
    undefined
  >;
} & Readonly<Pick<CookieOptions, 'domain' | 'partitioned' | 'priority'>>;

export interface SessionSettings {
  readonly projectName: string;
  readonly keyPrefix: string;
  readonly salt: string;
  /** The first signs, all verify. */
  readonly secretKeys: readonly [string | Uint8Array, ...(string | Uint8Array)[]];
  /** Seconds. */
  readonly age: number;
  readonly expireAtBrowserClose: boolean;
  readonly saveEveryRequest: boolean;
  readonly mount: 'global' | 'manual';
  readonly load: 'always' | 'declared';
  readonly cookie: CookieSettings;
  /** `null` sends none. */
  readonly cacheControl: string | null;
  /** How long a save may retry under contention, in milliseconds. */
  readonly operationTimeoutMs: number;
}

/** What the options of `forRoot` mean: complete, checked and never changed afterwards. */
export interface CodexRedisSettings {
  readonly store: StoreSettings;
  /** How many entries an embedded cache may have. */
  readonly maxEntries: number | undefined;
  readonly cache: CacheSettings;
  /** `null` when sessions are off. */
  readonly session: SessionSettings | null;
  /** Where sessions live; often the same Redis as the cache, always a connection of their own. */
  readonly sessionStore: StoreSettings;
}
