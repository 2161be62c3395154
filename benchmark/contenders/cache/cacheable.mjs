import KeyvRedis from '@keyv/redis';
import { Cacheable } from 'cacheable';
import { Keyv } from 'keyv';
import { PREFIX, TTL_MS } from './contract.mjs';

/** cacheable with Redis as its only layer: a copy in memory would be another measurement. */
export const open = async ({ url }) => {
  const primary = new Keyv({ store: new KeyvRedis(url), namespace: PREFIX, useKeyPrefix: false });
  primary.on('error', () => {});
  const cache = new Cacheable({ primary, ttl: TTL_MS });
  cache.on('error', () => {});
  await cache.get('connect');
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: (keys) => cache.getMany(keys),
    setMany: (entries) => cache.setMany(entries.map(([key, value]) => ({ key, value }))),
    getOrSet: (key, factory) => cache.getOrSet(key, factory),
    clear: () => cache.clear(),
  };
};
