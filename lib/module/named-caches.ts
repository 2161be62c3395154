import type { ModulesContainer } from '@nestjs/core';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { getCacheToken } from '../tokens/cache-token.js';

/** @throws ImproperlyConfiguredError when two caches of an application have one name. */
export const refuseSecondCacheOfOneName = (modules: ModulesContainer): void => {
  const names = [...modules.values()].flatMap(({ providers }) => [...providers.keys()]).flatMap(cacheNameOf);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new ImproperlyConfiguredError(
      `The cache ${JSON.stringify(twice)} is registered twice: call registerCache() once for a name, and import its ` +
        'result wherever the cache is injected',
    );
};

const cacheNameOf = (token: unknown): string[] => {
  const name = typeof token === 'function' ? (token as { cacheName?: unknown }).cacheName : undefined;
  return typeof name === 'string' && getCacheToken(name) === token ? [name] : [];
};
