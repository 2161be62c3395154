import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CacheService, CodexRedisModule } from '../../../dist/index.js';
import { PREFIX, TTL_SECONDS } from './contract.mjs';

/** Whoever trusts the values takes this one: what JSON cannot hold is written as JSON.stringify writes it. */
const TRUSTING = { serializer: { dumps: JSON.stringify, loads: JSON.parse } };

/** The module as an application runs it, on a `url`, a `cluster` or behind a `sentinel`. */
export const open = async ({ trusting = false, ...source }) => {
  const cacheOptions = { keyPrefix: PREFIX, timeout: TTL_SECONDS, ...(trusting ? TRUSTING : {}) };
  const module = CodexRedisModule.forRoot({ ...source, cache: cacheOptions });
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  const cache = app.get(CacheService);
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    incr: (key) => cache.incr(key),
    getMany: (keys) => cache.getMany(keys),
    setMany: (entries) => cache.setMany(entries),
    getOrSet: (key, factory) => cache.getOrSet(key, factory),
    clear: () => cache.clear(),
  };
};
