import { CacheService } from '../../lib/cache/cache.service.js';
import type { CacheOptions } from '../../lib/config/cache-options.js';
import { storeOfCache } from '../../lib/config/replica-reads.js';
import { resolveNamedCache, resolveSettings } from '../../lib/config/resolve-settings.js';
import type { CodexRedisOptions } from '../../lib/config/options.js';
import { systemClock } from '../../lib/common/clock.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { openStore } from '../../lib/store/open-store.js';
import { Stores } from '../../lib/store/stores.js';

/** What a cache may have that compares an entry with something beside it. */
export const COMPARING: readonly CacheOptions[] = [
  { tags: true },
  { readThrough: { grace: 60 } },
  { readThrough: { refreshAhead: 0.9 } },
  { readThrough: { singleFlight: 'shared' } },
];

/** The caches of one application on one source: the default one, and others that have none of their own. */
export class CachesOnReplicas {
  readonly #stores = new Stores(openStore, systemClock);

  constructor(private readonly source: Pick<CodexRedisOptions, 'cluster' | 'sentinel'>) {}

  /** As the default cache, and as one that is registered beside a default cache without any of it. */
  async with(keyPrefix: string, options: CacheOptions): Promise<readonly CacheService[]> {
    const cache = { ...options, keyPrefix };
    const own = resolveSettings({ ...this.source, cache });
    const plain = resolveSettings({ ...this.source, cache: { keyPrefix: `${keyPrefix}-plain` } });
    const named = resolveNamedCache('named', cache, plain);
    return await Promise.all([
      this.#open(storeOfCache(own.store.reveal(), own.cache), own.cache),
      this.#open(named.store, named.cache),
    ]);
  }

  close(): Promise<void> {
    return this.#stores.close();
  }

  async #open(
    store: Parameters<Stores['forCache']>[0],
    settings: ConstructorParameters<typeof CacheService>[1],
  ): Promise<CacheService> {
    return new CacheService(await this.#stores.forCache(store), settings, new JsonSerializer());
  }
}

/** Every call that reads, of an entry that stands. */
export const readAll = async (cache: CacheService, key: string): Promise<void> => {
  await cache.get(key);
  await cache.getMany([key]);
  await cache.has(key);
  await cache.ttl(key);
  await cache.getOrSet(key, () => 'unused');
  await cache.getOrSetMany([key], () => ({}));
};
