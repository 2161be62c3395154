import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, CacheService, CodexRedisModule } from '../../../dist/index.js';
import { PREFIX, TTL_SECONDS } from './contract.mjs';

class Catalog {
  value(_key, factory) {
    return factory();
  }
}
const { prototype } = Catalog;
const method = Object.getOwnPropertyDescriptor(prototype, 'value');
Object.defineProperty(
  prototype,
  'value',
  Reflect.decorate([Cacheable((key) => key)], prototype, 'value', method),
);
Injectable()(Catalog);

/** The module, its `getOrSet` by way of `@Cacheable`. */
export const open = async (source) => {
  const module = CodexRedisModule.forRoot({ ...source, cache: { keyPrefix: PREFIX, timeout: TTL_SECONDS } });
  class CatalogModule {}
  Module({ imports: [module], providers: [Catalog] })(CatalogModule);
  const app = await NestFactory.createApplicationContext(CatalogModule, { logger: false });
  const [cache, catalog] = [app.get(CacheService), app.get(Catalog)];
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getOrSet: (key, factory) => catalog.value(key, factory),
  };
};
