import { BentoCache, bentostore } from 'bentocache';
import { redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { PREFIX, TTL_SECONDS } from './contract.mjs';

/** bentocache with Redis as its only layer: a copy in memory would be another measurement. */
export const open = async ({ url, tags }) => {
  const { hostname: host, port, pathname } = new URL(url);
  const connection = new Redis({ host, port: Number(port), db: Number(pathname.slice(1)) });
  connection.on('error', () => {});
  const store = bentostore().useL2Layer(redisDriver({ connection }));
  const cache = new BentoCache({
    default: 'redis',
    prefix: PREFIX,
    ttl: `${TTL_SECONDS}s`,
    stores: { redis: store },
  });
  await cache.get({ key: 'connect' });
  return {
    get: (key) => cache.get({ key }),
    set: (key, value) => cache.set({ key, value, tags }),
    getOrSet: (key, factory) => cache.getOrSet({ key, factory, tags }),
    invalidateTag: (tag) => cache.deleteByTag({ tags: [tag] }),
    clear: () => cache.clear(),
  };
};
