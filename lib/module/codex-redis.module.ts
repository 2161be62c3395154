import {
  type DynamicModule,
  type InjectionToken,
  Module,
  type OptionalFactoryDependency,
  type Provider,
} from '@nestjs/common';
import { CacheService } from '../cache/cache.service.js';
import { Concealed } from '../common/concealed.js';
import { CodexRedisCoreModule } from './codex-redis-core.module.js';
import {
  type CodexRedisModuleAsyncOptions,
  type CodexRedisModuleExtras,
  MODULE_OPTIONS_TOKEN,
  type NamedCacheAsyncOptions,
} from './codex-redis.module-definition.js';
import { moduleIdentity } from './module-identity.js';
import { namedCacheProvider, serviceProviders } from './codex-redis.providers.js';
import type { NamedCacheOptions } from '../config/cache-options.js';
import type { CodexRedisOptions } from '../config/options.js';
import { refuseNoObject } from '../config/check-options.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { JsonSerializer } from '../serializer/json-serializer.js';
import { SessionService } from '../session/session.service.js';
import { CodexRedisHealth } from '../store/codex-redis-health.js';
import { type AnyCacheDefinition, featureModule } from './typed-caches.js';
import { checkDefinition } from '../tokens/typed-cache-token.js';
import { getCacheToken } from '../tokens/cache-token.js';

/** A further cache of the application: `CodexRedisModule.registerCache()`. */
@Module({})
export class CodexRedisCacheModule {}

/**
 * Cache and sessions on one Redis. Import `forRoot()` or `forRootAsync()` once, in the root module; elsewhere, to
 * inject the services, import the class itself or set `isGlobal`.
 */
@Module({
  providers: serviceProviders,
  exports: [CacheService, SessionService, JsonSerializer, CodexRedisHealth],
})
export class CodexRedisModule {
  /**
   * The module with these options.
   *
   * @throws ImproperlyConfiguredError (when the application starts) naming every option that is wrong.
   */
  static forRoot(given: CodexRedisOptions & CodexRedisModuleExtras = {}): DynamicModule {
    refuseNoObject('CodexRedisModule.forRoot()', given);
    const { isGlobal = false, ...options } = given;
    return {
      module: CodexRedisModule,
      global: isGlobal,
      imports: [concealOptions(CodexRedisCoreModule.forRoot(options), MODULE_OPTIONS_TOKEN)],
    };
  }

  /**
   * The module with options that are known once other providers are.
   *
   * @throws ImproperlyConfiguredError at once for options without exactly one of `useFactory`, `useClass` and
   *   `useExisting`, or with others beside them; when the application starts for options that are wrong.
   */
  static forRootAsync(options: CodexRedisModuleAsyncOptions): DynamicModule {
    refuseNoObject('CodexRedisModule.forRootAsync()', options);
    refuseBesideFactory(options);
    const { isGlobal = false, ...source } = options;
    const given = (['useFactory', 'useClass', 'useExisting'] as const).filter(
      (name) => source[name] !== undefined,
    );
    if (given.length !== 1)
      throw new ImproperlyConfiguredError(
        `CodexRedisModule.forRootAsync() takes exactly one of useFactory, useClass and useExisting, got ${given.length === 0 ? 'none' : given.join(' and ')}`,
      );
    return {
      module: CodexRedisModule,
      global: isGlobal,
      imports: [
        concealOptions(
          CodexRedisCoreModule.forRootAsync(
            source as Parameters<typeof CodexRedisCoreModule.forRootAsync>[0],
          ),
          MODULE_OPTIONS_TOKEN,
        ),
      ],
    };
  }

  /**
   * Typed caches, each injected with `@InjectTypedCache(definition)` where the result is imported.
   *
   * @throws ImproperlyConfiguredError (when the application starts) when two of one cache have one name, or a schema
   *   is asynchronous.
   */
  static forFeature(definitions: readonly AnyCacheDefinition[]): DynamicModule {
    if (!Array.isArray(definitions))
      throw new ImproperlyConfiguredError(
        'CodexRedisModule.forFeature() takes a list of what defineCache() made',
      );
    for (const definition of definitions) checkDefinition('CodexRedisModule.forFeature()', definition);
    return featureModule(definitions, [CodexRedisModule]);
  }

  /**
   * A further cache, injected with `@InjectCache(name)` where the result is imported.
   *
   * @throws ImproperlyConfiguredError (when the application starts) naming every option that is wrong.
   */
  static registerCache(options: NamedCacheOptions): DynamicModule {
    refuseNoObject('CodexRedisModule.registerCache()', options);
    return cacheModule(options.name, (token) => ({ provide: token, useValue: options }));
  }

  /**
   * A further cache whose options come from a factory.
   *
   * @throws ImproperlyConfiguredError as `registerCache` does, and when the factory returns no options.
   */
  static registerCacheAsync(options: NamedCacheAsyncOptions): DynamicModule {
    refuseNoObject('CodexRedisModule.registerCacheAsync()', options);
    const { name, imports = [], useFactory } = options;
    const inject: readonly (InjectionToken | OptionalFactoryDependency)[] = options.inject ?? [];
    return {
      ...cacheModule(name, (token) => ({
        provide: token,
        inject: [...inject],
        useFactory,
      })),
      imports,
    };
  }
}

const BESIDE_FACTORY = [
  'isGlobal',
  'imports',
  'inject',
  'provideInjectionTokensFrom',
  'useFactory',
  'useClass',
  'useExisting',
];

const refuseBesideFactory = (options: object): void => {
  const others = Object.entries(options)
    .filter(([name, value]) => value !== undefined && !BESIDE_FACTORY.includes(name))
    .map(([name]) => name);
  if (others.length > 0)
    throw new ImproperlyConfiguredError(
      `CodexRedisModule.forRootAsync() does not take ${others.join(', ')}; return module options from the factory instead`,
    );
};

const cacheModule = (name: string, optionsProvider: (token: string) => Provider): DynamicModule => {
  const token = `options of the CodexRedis cache ${JSON.stringify(name)}`;
  const module = {
    module: CodexRedisCacheModule,
    providers: [optionsProvider(token), namedCacheProvider(name, token)],
    exports: [getCacheToken(name)],
  };
  return concealOptions(module, token);
};

/** Hides the options of a provider from code that logs a module: they hold passwords and keys. */
const concealOptions = (module: DynamicModule, token: InjectionToken): DynamicModule => ({
  ...module,
  providers: [moduleIdentity(), ...(module.providers ?? [])].map((provider) => {
    if (typeof provider === 'function' || provider.provide !== token) return provider;
    if ('useValue' in provider) return { ...provider, useValue: new Concealed<unknown>(provider.useValue) };
    if (!('useFactory' in provider)) return provider;
    const make = provider.useFactory as (...injected: unknown[]) => unknown;
    return {
      ...provider,
      useFactory: async (...injected: unknown[]) => new Concealed(await make(...injected)),
    };
  }),
});
