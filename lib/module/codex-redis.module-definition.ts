import {
  ConfigurableModuleBuilder,
  type FactoryProvider,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import type { NamedCacheOptions } from '../config/cache-options.js';
import type { CodexRedisOptions } from '../config/options.js';

/** Options of the module as a Nest module, beside those of what it does. */
export interface CodexRedisModuleExtras {
  /**
   * If true, CacheService, SessionService, JsonSerializer and CodexRedisHealth can be injected without importing the
   * module.
   * @default false
   */
  isGlobal?: boolean | undefined;
}

/** The result of a factory of options. `isGlobal` is needed before it runs, so it stands beside the factory. */
export type CodexRedisFactoryResult = CodexRedisOptions & { isGlobal?: never };

/** For `useClass` and `useExisting`. */
export interface CodexRedisOptionsFactory {
  createCodexRedisOptions(): CodexRedisFactoryResult | Promise<CodexRedisFactoryResult>;
}

/** Options that depend on other providers. Exactly one of the three sources is required. */
export interface CodexRedisModuleAsyncOptions
  extends CodexRedisModuleExtras, Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  /** Receives what `inject` names. Declare the parameter types. */
  useFactory?: (...injected: never[]) => CodexRedisFactoryResult | Promise<CodexRedisFactoryResult>;
  useClass?: Type<CodexRedisOptionsFactory>;
  useExisting?: Type<CodexRedisOptionsFactory>;
  /** Providers of what `inject` names, where no module provides it. */
  provideInjectionTokensFrom?: Provider[];
}

/** The result of a factory of a further cache's options. Its name stands beside the factory. */
export type NamedCacheFactoryResult = Omit<NamedCacheOptions, 'name'> & { name?: never };

/** A further cache whose options are known once other providers are; its name is needed before. */
export interface NamedCacheAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  /** The name for `@InjectCache()`; unique in the application. */
  name: string;
  /** Its parameters are what `inject` names; declare their types. */
  useFactory: (...injected: never[]) => NamedCacheFactoryResult | Promise<NamedCacheFactoryResult>;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<CodexRedisOptions>({
    moduleName: 'CodexRedis',
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCodexRedisOptions')
    .build();
