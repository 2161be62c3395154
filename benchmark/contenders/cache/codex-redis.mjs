import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CacheService, CodexRedisModule } from '../../../dist/index.js';
import { PREFIX, TTL_SECONDS } from './contract.mjs';

/** The module as an application runs it, on a `url`, a `cluster` or behind a `sentinel`. */
export const open = async (source) => {
  const module = CodexRedisModule.forRoot({ ...source, cache: { keyPrefix: PREFIX, timeout: TTL_SECONDS } });
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
