import type { Provider } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { CacheService } from '../cache/cache.service.js';
import { mountCachedResponses } from '../cache-responses/mount-cached-responses.js';
import { answerFailedRequests } from './failed-request.filter.js';
import { MODULE_OPTIONS_TOKEN } from './codex-redis.module-definition.js';
import type { NamedCacheOptions } from '../config/cache-options.js';
import type { CodexRedisOptions } from '../config/options.js';
import { storeOfCache } from '../config/replica-reads.js';
import { resolveNamedCache, resolveSettings, settingsWarnings } from '../config/resolve-settings.js';
import type { CodexRedisSettings } from '../config/settings.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { JsonSerializer } from '../serializer/json-serializer.js';
import type { Serializer } from '../serializer/serializer.js';
import { Serializers } from './named-serializers.js';
import { claimKeys } from './shared-keys.js';
import { type MountedSessions, mountSessions } from '../session-http/mount-sessions.js';
import { sessionAccessOf } from '../session-http/session-access-of.js';
import { asksForFreshSessions } from '../session-http/nest/fresh-session.decorator.js';
import { refuseHandlersWithoutSessions } from '../session-http/nest/refuse-handlers.js';
import { ExcludedRoutes } from '../session-http/excluded-routes.js';
import { SessionHttp } from '../session-http/session-http.js';
import { SessionGuard } from '../session-http/nest/session.guard.js';
import { SessionService } from '../session/session.service.js';
import { sessionsAreOff } from '../session/sessions-off.js';
import { type Clock, systemClock } from '../common/clock.js';
import type { Concealed } from '../common/concealed.js';
import { ignore } from '../common/ignore.js';
import { warningOfCopies } from '../common/loaded-copies.js';
import { moduleLogger } from '../common/loggers.js';
import { CodexRedisHealth } from '../store/codex-redis-health.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { openStore } from '../store/open-store.js';
import { type StoreOpener, Stores } from '../store/stores.js';
import { registerCacheToken } from '../tokens/cache-token.js';
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
  STORE_OPENER,
  STORES,
} from '../tokens/internal-tokens.js';

/** The providers that `forRoot()` creates once, from the options to the services. */
export const coreProviders: Provider[] = [
  {
    provide: SETTINGS,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: Concealed<CodexRedisOptions>): CodexRedisSettings => {
      const settings = resolveSettings(options.reveal());
      for (const warning of [...settingsWarnings(settings), warningOfCopies()])
        if (warning !== undefined) moduleLogger.warn(warning);
      return settings;
    },
  },
  { provide: CLOCK, useValue: systemClock },
  { provide: STORE_OPENER, useValue: openStore },
  {
    provide: STORES,
    inject: [STORE_OPENER, CLOCK],
    useFactory: (open: StoreOpener, clock: Clock) => new Stores(open, clock),
  },
  {
    provide: CACHE_STORE,
    inject: [SETTINGS, STORES],
    useFactory: ({ cache, store }: CodexRedisSettings, stores: Stores) =>
      stores.forCache(storeOfCache(store.reveal(), cache)),
  },
  { provide: JSON_SERIALIZER, useFactory: () => new JsonSerializer() },
  {
    provide: SERIALIZERS,
    inject: [JSON_SERIALIZER, ModuleRef],
    useFactory: (standard: Serializer, moduleRef: ModuleRef) => new Serializers(standard, moduleRef),
  },
  {
    provide: DEFAULT_CACHE,
    inject: [SETTINGS, STORES, CACHE_STORE, SERIALIZERS, CLOCK],
    useFactory: (
      { cache, store: settings }: CodexRedisSettings,
      stores: Stores,
      store: KeyValueStore,
      serializers: Serializers,
      clock: Clock,
    ) => {
      claimKeys(stores, 'the default cache', cache, settings.reveal());
      return new CacheService(store, cache, serializers.for(cache.serializer, cache.place), clock);
    },
  },
  {
    provide: SESSIONS,
    inject: [SETTINGS, STORES, SERIALIZERS, CLOCK, ModulesContainer],
    useFactory: async (
      { session, sessionStore }: CodexRedisSettings,
      stores: Stores,
      serializers: Serializers,
      clock: Clock,
      modules: ModulesContainer,
    ) =>
      session === null
        ? sessionsAreOff()
        : new SessionService(
            await stores.forSessions(sessionStore.reveal()),
            { ...session, recordsSignIns: asksForFreshSessions(modules) },
            clock,
            serializers.for(session.serializer, 'session.'),
          ),
  },
  {
    provide: SESSION_HTTP,
    inject: [SETTINGS, SESSIONS, CLOCK, ApplicationConfig],
    useFactory: (
      { session }: CodexRedisSettings,
      service: SessionService,
      clock: Clock,
      config: ApplicationConfig,
    ) =>
      session === null
        ? null
        : new SessionHttp(service, session, clock, new ExcludedRoutes(session.exclude ?? [], config)),
  },
  {
    provide: MOUNT_SESSIONS,
    inject: [SESSION_HTTP, HttpAdapterHost, ApplicationConfig, ModulesContainer],
    useFactory: (
      http: SessionHttp | null,
      host: Partial<HttpAdapterHost>,
      config: ApplicationConfig,
      modules: ModulesContainer,
    ): MountedSessions =>
      http === null
        ? { configure: () => refuseHandlersWithoutSessions(modules), check: ignore }
        : mountSessions({ host, config, modules, http, guard: new SessionGuard(http) }),
  },
  {
    provide: MOUNT_CACHED_RESPONSES,
    inject: [SETTINGS, DEFAULT_CACHE, CLOCK, HttpAdapterHost, ApplicationConfig, ModulesContainer],
    useFactory:
      (
        { cache: { timeoutMs } }: CodexRedisSettings,
        cache: CacheService,
        clock: Clock,
        host: Partial<HttpAdapterHost>,
        config: ApplicationConfig,
        modules: ModulesContainer,
      ) =>
      () => {
        const { httpAdapter: adapter } = host;
        if (adapter === undefined) return;
        mountCachedResponses({ adapter, config, modules, cache, timeoutMs, clock, sessionAccessOf });
      },
  },
  {
    provide: MOUNT_FAILED_REQUESTS,
    inject: [HttpAdapterHost, ApplicationConfig],
    useFactory: (host: Partial<HttpAdapterHost>, config: ApplicationConfig) => () => {
      const { httpAdapter: adapter } = host;
      if (adapter !== undefined) answerFailedRequests(config, adapter);
    },
  },
];

/** The providers that an application injects. */
export const serviceProviders: Provider[] = [
  { provide: CacheService, useExisting: DEFAULT_CACHE },
  { provide: SessionService, useExisting: SESSIONS },
  { provide: JsonSerializer, useExisting: JSON_SERIALIZER },
  CodexRedisHealth,
];

/** A further cache, from its options to the service. */
export const namedCacheProvider = (name: string, optionsToken: string): Provider => ({
  provide: registerCacheToken(name),
  inject: [
    { token: optionsToken, optional: false },
    { token: SETTINGS, optional: true },
    { token: STORES, optional: true },
    { token: SERIALIZERS, optional: true },
    { token: CLOCK, optional: true },
  ],
  useFactory: async (
    options: Concealed<NamedCacheOptions>,
    settings: CodexRedisSettings | undefined,
    stores: Stores | undefined,
    serializers: Serializers | undefined,
    clock: Clock | undefined,
  ) => {
    if (settings === undefined || stores === undefined || serializers === undefined)
      throw new ImproperlyConfiguredError(
        `The cache "${name}" needs CodexRedisModule.forRoot() or forRootAsync() once, in the root module`,
      );
    const { cache, store } = resolveNamedCache(name, options.reveal(), settings);
    claimKeys(stores, `the cache ${JSON.stringify(name)}`, cache, store);
    const serializer = serializers.for(cache.serializer, cache.place);
    await serializers.resolveLate();
    return new CacheService(await stores.forCache(store), cache, serializer, clock);
  },
});
