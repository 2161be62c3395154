import { Inject } from '@nestjs/common';
import type { Cache } from '../cache/cache.js';
import { CacheService } from '../cache/cache.service.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { getCacheToken } from '../tokens/cache-token.js';

/** The property of an instance that holds a cache, by the name of the cache; `undefined` is the default one. */
const properties = new Map<string | undefined, symbol>();

const propertyOf = (cacheName: string | undefined): symbol => {
  let property = properties.get(cacheName);
  if (property === undefined) {
    property = Symbol(
      cacheName === undefined ? 'the default cache' : `the cache ${JSON.stringify(cacheName)}`,
    );
    properties.set(cacheName, property);
  }
  return property;
};

/**
 * Lets Nest give a cache to each instance it makes of a class and of those that extend it: so each application has
 * its own, and a cache that is missing is found when the application starts.
 *
 * @returns finds the cache of an instance; throws ImproperlyConfiguredError for one that Nest did not make.
 */
export const injectCache = (
  target: object,
  cacheName: string | undefined,
  method: string,
): ((instance: unknown) => Cache) => {
  const property = propertyOf(cacheName);
  Inject(cacheName === undefined ? CacheService : getCacheToken(cacheName))(target, property);
  return (instance) => {
    const cache = (instance as Readonly<Record<symbol, Cache | undefined>> | undefined)?.[property];
    if (cache !== undefined) return cache;
    throw new ImproperlyConfiguredError(
      `${method}: this object has no cache, since Nest did not make it, or not yet. Let Nest make it (a class in ` +
        'providers or controllers, or useClass; not useFactory or useValue), call the method on it, and not in its constructor',
    );
  };
};
