import type { Concealed } from '../common/concealed.js';
import type { cacheOptions } from './cache-options.js';
import type { ClientOptions, ClusterOptions, SentinelOptions } from './connection-options.js';
import type { cookieOptions } from './cookie-options.js';
import type { SettingsOf } from './option.js';
import type { readThroughOptions } from './read-through-options.js';
import type { sessionOnlyOptions } from './session-options.js';
import type { NodeRedisClient } from './source-options.js';

/** Where keys live, and how the module gets there. */
export type StoreSource =
  | { readonly kind: 'memory'; readonly maxEntries: number | undefined }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'cluster'; readonly options: ClusterOptions }
  | { readonly kind: 'sentinel'; readonly options: SentinelOptions }
  | { readonly kind: 'client'; readonly client: NodeRedisClient };

/** A Redis, whichever way one gets there. */
export type RedisSource = Exclude<StoreSource, { readonly kind: 'memory' }>;

export interface StoreSettings {
  readonly source: StoreSource;
  readonly clientOptions: ClientOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Whether what it holds must not be evicted. */
  readonly holdsSessions?: boolean;
}

export interface RedisSettings extends StoreSettings {
  readonly source: RedisSource;
}

/** What `getOrSet()` does beside. Times in milliseconds. */
export type ReadThroughSettings = SettingsOf<typeof readThroughOptions>;

export interface CacheSettings extends Omit<SettingsOf<typeof cacheOptions>, 'timeout'> {
  /** `default`, or what `registerCache()` was given. */
  readonly name: string;
  /** What stands before the name of one of its options in messages: `cache.`, or the cache's name. */
  readonly place: string;
  /** Whole milliseconds; `null` never expires. */
  readonly timeoutMs: number | null;
  /** What no key may begin with, since it belongs to the sessions; empty when they are off. */
  readonly sessionNamespaces: readonly string[];
}

/** The session cookie: everything but the optional attributes is decided. */
export interface CookieSettings extends SettingsOf<typeof cookieOptions> {
  readonly name: string;
  readonly secure: boolean;
}

/** The first signs, all verify. */
export type SecretKeys = readonly [string | Uint8Array, ...(string | Uint8Array)[]];

export interface SessionSettings extends Omit<SettingsOf<typeof sessionOnlyOptions>, 'cookie'> {
  readonly projectName: string;
  readonly secretKeys: Concealed<SecretKeys>;
  readonly cookie: CookieSettings;
  /** Whether a sign-in says when it was, since a handler asks for that. */
  readonly recordsSignIns?: boolean;
  /** How long a save may retry under contention, in milliseconds. */
  readonly operationTimeoutMs: number;
}

/** What the options of `forRoot` mean: complete, checked and never changed afterwards. */
export interface CodexRedisSettings {
  readonly store: Concealed<StoreSettings>;
  /** How many entries an embedded cache may have. */
  readonly maxEntries: number | undefined;
  readonly cache: CacheSettings;
  /** `null` when sessions are off. */
  readonly session: SessionSettings | null;
  /** Where sessions live; often the same Redis as the cache, always a connection of their own. */
  readonly sessionStore: Concealed<StoreSettings>;
}
