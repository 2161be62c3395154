import type { KeyFunction, KeyGroup, KeyPattern } from '../config/cache-options.js';
import type { ReadThroughSettings } from '../config/settings.js';

/** The settings that decide the Redis keys of a cache. */
export interface CacheKeySettings {
  /** The prefix of option names in messages. */
  readonly place: string;
  readonly keyPrefix: string;
  readonly version: number;
  readonly keyFunction?: KeyFunction | undefined;
  readonly keyPattern?: KeyPattern | undefined;
  /** The prefix of session keys, which no cache key may have. */
  readonly sessionNamespaces?: readonly string[];
}

/** The settings of one cache. */
export interface CacheServiceSettings extends CacheKeySettings {
  /** @default 'default' */
  readonly name?: string;
  /** Milliseconds an entry lives unless the call says otherwise; `null` is forever, 0 stores nothing. */
  readonly timeoutMs: number | null;
  /** The most bytes that the text of a value may take; any number when left out. */
  readonly maxBytes?: number | undefined;
  readonly keyGroup?: KeyGroup | undefined;
  /** @default false */
  readonly tags?: boolean;
  /** The defaults of the options when left out. */
  readonly readThrough?: ReadThroughSettings;
}
