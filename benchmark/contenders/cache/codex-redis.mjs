import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CacheService, CodexRedisModule } from '../../../dist/index.js';
import { PREFIX, TTL_SECONDS } from './contract.mjs';

/** For applications that trust their values: what JSON cannot hold is written as JSON.stringify writes it. */
const TRUSTING = { serializer: { dumps: JSON.stringify, loads: JSON.parse } };

/**
 * The module as an application runs it, on a `url`, a `cluster` or behind a `sentinel`.
 *
 * @param {object} contender
 * @param {object} [contender.cache] further options of the cache
 * @param {string[]} [contender.tags] of each entry
 */
export const open = async ({ trusting = false, cache: further = {}, tags, ...source }) => {
  const tagged = tags === undefined ? [] : [{ tags }];
  const cacheOptions = {
    keyPrefix: PREFIX,
    timeout: TTL_SECONDS,
    ...further,
    ...(trusting ? TRUSTING : {}),
  };
  const module = CodexRedisModule.forRoot({ ...source, cache: cacheOptions });
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  const cache = app.get(CacheService);
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, ...tagged),
    incr: (key) => cache.incr(key),
    getMany: (keys) => cache.getMany(keys),
    setMany: (entries) => cache.setMany(entries, ...tagged),
    getOrSet: (key, factory) => cache.getOrSet(key, factory, ...tagged),
    invalidateTag: (tag) => cache.invalidateTags(tag),
    clear: () => cache.clear(),
  };
};
