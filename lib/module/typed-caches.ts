import { type DynamicModule, Inject, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Cache } from '../cache/cache.js';
import { CacheService } from '../cache/cache.service.js';
import type { CacheDefinition } from '../cache/typed/define-cache.js';
import { TypedCache } from '../cache/typed/typed-cache.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { getCacheToken } from '../tokens/cache-token.js';
import { moduleIdentity } from './module-identity.js';
import { getTypedCacheToken, type TypedCacheToken } from '../tokens/typed-cache-token.js';

/** A definition for `forFeature`; `defineCache()` makes them. */
export type AnyCacheDefinition = CacheDefinition<never, never, unknown>;

const CACHE_NAMES = Symbol('names of the caches that typed caches work on');

/** Some typed caches of the application: `CodexRedisModule.forFeature()`. */
@Module({})
export class CodexRedisFeatureModule implements OnModuleInit {
  constructor(
    @Inject(CACHE_NAMES) private readonly cacheNames: readonly string[],
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    refuseSecondTypedCacheOfOneName(modules);
  }

  /** Of a cache that is missing, Nest's own error, which names it. */
  onModuleInit(): void {
    for (const name of this.cacheNames) this.moduleRef.get(getCacheToken(name), { strict: false });
  }
}

export const featureModule = (
  definitions: readonly AnyCacheDefinition[],
  imports: DynamicModule['imports'],
): DynamicModule => {
  const cacheNames = definitions.map(({ cache }) => cache).filter((name) => name !== undefined);
  return {
    module: CodexRedisFeatureModule,
    imports: imports ?? [],
    providers: [
      moduleIdentity(),
      { provide: CACHE_NAMES, useValue: cacheNames },
      ...definitions.map(typedCacheProvider),
    ],
    exports: definitions.map(getTypedCacheToken),
  };
};

/** A named cache is a provider of a module that this one does not import, so is looked up when it is needed. */
const typedCacheProvider = (definition: AnyCacheDefinition): Provider => {
  const provide = getTypedCacheToken(definition);
  const { cache } = definition;
  return cache === undefined
    ? {
        provide,
        inject: [CacheService],
        useFactory: (service: Cache) => new TypedCache(definition, () => service),
      }
    : {
        provide,
        inject: [ModuleRef],
        useFactory: (moduleRef: ModuleRef) =>
          new TypedCache(definition, () => moduleRef.get<Cache>(getCacheToken(cache), { strict: false })),
      };
};

/** @throws ImproperlyConfiguredError when two definitions of an application would share their keys. */
const refuseSecondTypedCacheOfOneName = (modules: ModulesContainer): void => {
  const known = new Map<string, unknown>();
  for (const token of [...modules.values()].flatMap(({ providers }) => [...providers.keys()])) {
    const definition =
      typeof token === 'function' ? (token as Partial<TypedCacheToken>).definition : undefined;
    if (definition === undefined || getTypedCacheToken(definition) !== token) continue;
    const keys = JSON.stringify([definition.cache, definition.name]);
    if (known.has(keys) && known.get(keys) !== definition)
      throw new ImproperlyConfiguredError(
        `Two definitions of typed caches have the name ${JSON.stringify(definition.name)} in one cache, so would share their keys: rename one`,
      );
    known.set(keys, definition);
  }
};
