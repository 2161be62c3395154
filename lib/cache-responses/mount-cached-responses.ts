import type { ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter, ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { MetadataScanner } from '@nestjs/core';
import type { CacheService } from '../cache/cache.service.js';
import type { Clock } from '../common/clock.js';
import type { Controller, Handler } from '../common/handlers.js';
import type { SessionAccessOf } from '../common/session-access.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { type CachedRoute, cachedRoute, isWronglyMarked, optionsAmong } from './cached-route.js';
import type { CacheResponseInterceptorOptions } from './cache-response-options.js';
import { ResponseCache } from './response-cache.js';

/** The parts of the application that cached responses need. */
export interface CachedResponsesMount {
  readonly adapter: AbstractHttpAdapter;
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
  readonly cache: CacheService;
  readonly timeoutMs: number | null;
  readonly clock: Clock;
  readonly sessionAccessOf: SessionAccessOf;
}

/**
 * Lets the routes of an application be cached that ask for it. To be called from a module's `configure()`, when all that is
 * global is known and no route is made yet. An application without such a route is left as it is.
 *
 * @throws ImproperlyConfiguredError for a handler marked with `@CacheResponse()` that is not for GET.
 */
export const mountCachedResponses = (mount: CachedResponsesMount): void => {
  const { config } = mount;
  const ofRequests = config.getGlobalRequestInterceptors().map(({ metatype }) => metatype);
  const global = optionsAmong([...config.getGlobalInterceptors(), ...ofRequests]);
  const everywhere = global.reduce<CacheResponseInterceptorOptions | undefined>(
    (all, options) => ({ ...all, ...options }),
    undefined,
  );
  const routes = new Routes(everywhere);
  if (!routes.anyIn(mount.modules)) return;
  const responses = new ResponseCache({
    ...mount,
    versioning: config.getVersioning(),
    isGuarded: config.getGlobalGuards().length + config.getGlobalRequestGuards().length > 0,
    routeOf: (context) => routes.of(context),
  });
  // in place, since the routes are made of this very array; first, so that it sees what the others have made
  config.getGlobalInterceptors().unshift(responses);
};

/** The handlers of an application, each looked at once. */
class Routes {
  readonly #known = new WeakMap<Controller, Map<Handler, CachedRoute | undefined>>();

  constructor(private readonly everywhere: CacheResponseInterceptorOptions | undefined) {}

  of(context: ExecutionContext): CachedRoute | undefined {
    return this.#route(context.getClass(), context.getHandler());
  }

  anyIn(modules: ModulesContainer): boolean {
    const handlers = [...modules.values()].flatMap(({ controllers }) =>
      [...controllers.values()].flatMap(({ metatype }) => handlersOf(metatype as Controller | null)),
    );
    const wrong = handlers.find(([, handler]) => isWronglyMarked(handler));
    if (wrong !== undefined)
      throw new ImproperlyConfiguredError(
        `${wrong[0].name}.${wrong[1].name} is marked with @CacheResponse() and is not for GET: only responses to GET ` +
          'can be cached; take the decorator away',
      );
    return handlers.some(([controller, handler]) => this.#route(controller, handler) !== undefined);
  }

  #route(controller: Controller, handler: Handler): CachedRoute | undefined {
    let routes = this.#known.get(controller);
    if (routes === undefined)
      this.#known.set(controller, (routes = new Map<Handler, CachedRoute | undefined>()));
    if (!routes.has(handler)) routes.set(handler, cachedRoute(controller, handler, this.everywhere));
    return routes.get(handler);
  }
}

const handlersOf = (controller: Controller | null): (readonly [Controller, Handler])[] => {
  const prototype = controller?.prototype as Record<string, Handler> | undefined;
  if (controller === null || prototype === undefined) return [];
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .flatMap((name) =>
      typeof prototype[name] === 'function' ? [[controller, prototype[name]] as const] : [],
    );
};
