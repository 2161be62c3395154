import { createKeyv } from '@keyv/redis';
import { createCache } from 'cache-manager';
import { PREFIX, TTL_MS } from './contract.mjs';

/** cache-manager over @keyv/redis, which is what users of @nestjs/cache-manager run. */
export const open = async ({ url }) => {
  const keyv = createKeyv(url, { namespace: PREFIX });
  keyv.on('error', () => {});
  const cache = createCache({ stores: [keyv], ttl: TTL_MS });
  await cache.get('connect');
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: (keys) => cache.mget(keys),
    setMany: (entries) => cache.mset(entries.map(([key, value]) => ({ key, value }))),
    getOrSet: (key, factory) => cache.wrap(key, factory),
    clear: () => cache.clear(),
  };
};
