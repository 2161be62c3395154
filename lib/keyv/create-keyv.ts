import { Keyv } from 'keyv';
import type { CacheService } from '../cache/cache.service.js';
import { KeyvStore } from './keyv-store.js';

/** What a Keyv on a cache may be told. */
export interface CreateKeyvOptions {
  /** Stands before each key, as `namespace:key`, and bounds `clear()`. Without it, Keyv has the keys of the cache. */
  readonly namespace?: string;
}

/**
 * A Keyv on a cache of this module, for libraries that take one: on the module's connection, with its deadline.
 *
 * Values are stored as `CacheService` stores them, plain JSON under their keys, so both read what the other wrote.
 * `ttl` is in milliseconds; without one an entry has the timeout of the cache.
 *
 * Keyv by itself turns an error into a missing value. This one throws: the typed errors of this module when Redis fails,
 * and a TypeError for a value that is not JSON.
 */
export const createKeyv = (cache: CacheService, { namespace }: CreateKeyvOptions = {}): Keyv => {
  // An option that is left out has a default in Keyv: a namespace, and serialisers of its own.
  const unset = { namespace, serialize: undefined, deserialize: undefined } as object;
  return new Keyv({ ...unset, store: new KeyvStore(cache), throwOnErrors: true });
};
