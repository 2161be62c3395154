import type { Concealed } from '../common/concealed.js';
import type { cacheOptions } from './cache-options.js';
import type { ClientOptions, ClusterOptions, SentinelOptions } from './connection-options.js';
import type { cookieOptions } from './cookie-options.js';
import type { SettingsOf } from './option.js';
import type { readThroughOptions } from './read-through-options.js';
import type { sessionOnlyOptions } from './session-options.js';
import type { NodeRedisClient } from './source-options.js';

/** The Redis that holds the keys, and how the module connects to it. */
export type StoreSource =
  | { readonly kind: 'memory'; readonly maxEntries: number | undefined }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'cluster'; readonly options: ClusterOptions }
  | { readonly kind: 'sentinel'; readonly options: SentinelOptions }
  | { readonly kind: 'client'; readonly client: NodeRedisClient };

/** A Redis, by any kind of connection. */
export type RedisSource = Exclude<StoreSource, { readonly kind: 'memory' }>;

export interface StoreSettings {
  readonly source: StoreSource;
  readonly clientOptions: ClientOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** True if its content must not be evicted. */
  readonly holdsSessions?: boolean;
}

export interface RedisSettings extends StoreSettings {
  readonly source: RedisSource;
}

/** Settings of `getOrSet()`. Times in milliseconds. */
export type ReadThroughSettings = SettingsOf<typeof readThroughOptions>;

export interface CacheSettings extends Omit<SettingsOf<typeof cacheOptions>, 'timeout'> {
  /** `default`, or the name passed to `registerCache()`. */
  readonly name: string;
  /** The prefix of its options in messages: `cache.`, or the cache's name. */
  readonly place: string;
  /** Whole milliseconds; `null` never expires. */
  readonly timeoutMs: number | null;
  /** The prefix of session keys, which no cache key may have. Empty when sessions are off. */
  readonly sessionNamespaces: readonly string[];
}

/** The session cookie. Only the optional attributes may be undefined. */
export interface CookieSettings extends SettingsOf<typeof cookieOptions> {
  readonly name: string;
  readonly secure: boolean;
}

/** The first key signs, all of them verify. */
export type SecretKeys = readonly [string | Uint8Array, ...(string | Uint8Array)[]];

export interface SessionSettings extends Omit<SettingsOf<typeof sessionOnlyOptions>, 'cookie'> {
  readonly projectName: string;
  readonly secretKeys: Concealed<SecretKeys>;
  readonly cookie: CookieSettings;
  /** True if a sign-in stores its time, because a handler needs it. */
  readonly recordsSignIns?: boolean;
  /** The time for which a save may retry under contention, in milliseconds. */
  readonly operationTimeoutMs: number;
}

/** The options of `forRoot()`: complete, checked and never changed afterwards. */
export interface CodexRedisSettings {
  readonly store: Concealed<StoreSettings>;
  /** The most entries that an embedded cache may have. */
  readonly maxEntries: number | undefined;
  readonly cache: CacheSettings;
  /** `null` when sessions are off. */
  readonly session: SessionSettings | null;
  /** The Redis of the sessions: often the same as the cache's, but always by a separate connection. */
  readonly sessionStore: Concealed<StoreSettings>;
}
