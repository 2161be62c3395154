import { RequestMethod, VersioningType } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { mapToExcludeRoute } from '@nestjs/core/middleware/utils.js';
import { isRouteExcluded } from '@nestjs/core/router/utils/index.js';
import type { IncomingMessage } from 'node:http';
import type { SessionRoute } from '../config/session-options.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';

type Routes = Parameters<typeof isRouteExcluded>[0];

/** The paths of `session.exclude`, which have no session. Written and matched as those of Nest's `exclude()`. */
export class ExcludedRoutes {
  #compiled: Routes | undefined;
  /** Private to the runtime too: it leads to everything in the application. */
  readonly #config: ApplicationConfig;

  /** @param config of the application, whose global prefix is known once it starts */
  constructor(
    private readonly routes: readonly SessionRoute[],
    config: ApplicationConfig,
  ) {
    this.#config = config;
  }

  /** @throws ImproperlyConfiguredError for a path that Nest cannot match requests with. */
  check(): void {
    // a request before the start was matched without the global prefix and the versions
    this.#compiled = undefined;
    for (const route of this.routes) {
      const path = typeof route === 'string' ? route : route.path;
      try {
        this.#compile([route]);
      } catch (cause) {
        throw new ImproperlyConfiguredError(
          `session.exclude has the path ${path}, which cannot be read: ${(cause as Error).message}. Write it as for Nest's ` +
            "exclude(), 'assets/{*path}' for example",
          { cause },
        );
      }
    }
  }

  has({ url, originalUrl, method }: IncomingMessage & { originalUrl?: string }): boolean {
    if (this.routes.length === 0) return false;
    const target = originalUrl ?? url ?? '/';
    const query = target.indexOf('?');
    const path = query < 0 ? target : target.slice(0, query);
    return this.covers(path, RequestMethod[method as keyof typeof RequestMethod]);
  }

  covers(path: string, method: RequestMethod): boolean {
    if (this.routes.length === 0) return false;
    this.#compiled ??= this.#compile(this.routes);
    return isRouteExcluded(this.#compiled, path, method);
  }

  /** A path outside of the global prefix may be a route that it leaves out, or a file of a static server. */
  #compile(routes: readonly SessionRoute[]): Routes {
    const prefix = this.#config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    const written = routes.flatMap((route) => {
      const { path, method, version } =
        typeof route === 'string' ? { path: route, method: RequestMethod.ALL, version: undefined } : route;
      return this.#versioned(path, version).map((versioned) => ({ path: versioned, method }));
    });
    const prefixed =
      prefix === '' ? [] : written.map(({ path, method }) => ({ path: `${prefix}/${path}`, method }));
    return mapToExcludeRoute([...written, ...prefixed]);
  }

  #versioned(path: string, version: unknown): string[] {
    const plain = path.replace(/^\/+/, '');
    const versioning = this.#config.getVersioning();
    if (version === undefined || versioning?.type !== VersioningType.URI) return [plain];
    const prefix = versioning.prefix === undefined ? 'v' : versioning.prefix || '';
    return [version].flat().map((each) => (typeof each === 'string' ? `${prefix}${each}/${plain}` : plain));
  }
}
