import { Keyv } from 'keyv';
import type { CacheService } from '../cache/cache.service.js';
import { KeyvStore } from './keyv-store.js';

/** Options of `createKeyv()`. */
export interface CreateKeyvOptions {
  /**
   * The prefix of each key (`namespace:key`), and the scope of `clear()`. Without it, Keyv uses the keys of the cache.
   */
  readonly namespace?: string;
}

/**
 * Creates a Keyv on a cache of this module, for libraries that accept a Keyv. It uses the module's connection and
 * deadline.
 *
 * Values are stored as `CacheService` stores them, as plain JSON under their keys, so each reads what the other wrote.
 * `ttl` is in milliseconds. Without a ttl, an entry has the timeout of the cache.
 *
 * By default, Keyv turns an error into a missing value. This one throws the typed errors of this module when Redis
 * fails, and a TypeError for a value that is not JSON.
 */
export const createKeyv = (cache: CacheService, { namespace }: CreateKeyvOptions = {}): Keyv => {
  // An option that is left out has a default in Keyv: a namespace, and serialisers of its own.
  const unset = { namespace, serialize: undefined, deserialize: undefined } as object;
  return new Keyv({ ...unset, store: new KeyvStore(cache), throwOnErrors: true });
};
