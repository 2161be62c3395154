import {
  Global,
  Inject,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ConfigurableModuleClass } from './codex-redis.module-definition.js';
import { coreProviders } from './codex-redis.providers.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import type { CodexRedisSettings } from '../config/settings.js';
import type { MountedSessions } from '../session-http/mount-sessions.js';
import type { Serializers } from './named-serializers.js';
import { settleRuns } from './settle-runs.js';
import type { Stores } from '../store/stores.js';
import { getCacheToken } from '../tokens/cache-token.js';
import {
  CACHE_STORE,
  CLOCK,
  DEFAULT_CACHE,
  JSON_SERIALIZER,
  MOUNT_CACHED_RESPONSES,
  MOUNT_FAILED_REQUESTS,
  MOUNT_SESSIONS,
  SERIALIZERS,
  SESSION_HTTP,
  SESSIONS,
  SETTINGS,
  STORES,
} from '../tokens/internal-tokens.js';

/**
 * Everything that exists once in an application, and its life cycle. Global, since further caches and the guards of
 * feature modules need it; CodexRedisModule decides where the services may be injected.
 */
@Global()
@Module({
  providers: coreProviders,
  exports: [
    CLOCK,
    SETTINGS,
    STORES,
    CACHE_STORE,
    SERIALIZERS,
    DEFAULT_CACHE,
    SESSIONS,
    SESSION_HTTP,
    JSON_SERIALIZER,
  ],
})
export class CodexRedisCoreModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationShutdown
{
  constructor(
    @Inject(STORES) private readonly stores: Stores,
    @Inject(SETTINGS) private readonly settings: CodexRedisSettings,
    @Inject(SERIALIZERS) private readonly serializers: Serializers,
    @Inject(MOUNT_SESSIONS) private readonly sessions: MountedSessions,
    @Inject(MOUNT_CACHED_RESPONSES) private readonly mountCachedResponses: () => void,
    @Inject(MOUNT_FAILED_REQUESTS) private readonly mountFailedRequests: () => void,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    refuseSecondRoot(modules);
    refuseSecondCacheOfOneName(modules);
    beginFirstAndEndLast(modules);
  }

  /** The one moment at which both platforms take middleware that comes before every route's. */
  configure(): void {
    this.mountFailedRequests();
    // before the guard of sessions is there, which keeps nobody out
    this.mountCachedResponses();
    this.sessions.configure();
  }

  /** After a failed start no hook follows: a connection that was made would keep the process alive. */
  async onModuleInit(): Promise<void> {
    try {
      this.sessions.check();
      await this.serializers.resolve();
      await this.stores.connect();
    } catch (error) {
      await this.stores.close();
      throw error;
    }
  }

  /** The last hook of all: the others may still write, and requests be in progress until the server is closed. */
  async onApplicationShutdown(): Promise<void> {
    await settleRuns(this.stores, this.settings.store.reveal().operationTimeoutMs);
    await this.stores.close();
  }
}

const rootsIn = (modules: ModulesContainer) =>
  [...modules.values()].filter(({ metatype }) => metatype === CodexRedisCoreModule);

/** Nest begins with the module at the greatest distance and ends with it; all that are global have the same one. */
const beginFirstAndEndLast = (modules: ModulesContainer): void => {
  for (const root of rootsIn(modules)) root.distance = Infinity;
};

const refuseSecondRoot = (modules: ModulesContainer): void => {
  const roots = rootsIn(modules);
  if (roots.length > 1)
    throw new ImproperlyConfiguredError(
      'CodexRedisModule.forRoot() or forRootAsync() is imported more than once: keep one, in the root module, ' +
        'and use registerCache() for further caches',
    );
};

/** @throws ImproperlyConfiguredError when two caches of an application have one name. */
const refuseSecondCacheOfOneName = (modules: ModulesContainer): void => {
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
