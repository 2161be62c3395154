import type { AbstractHttpAdapter, ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ignore } from '../common/ignore.js';
import { commitBeforeReply } from './nest/commit-before-reply.js';
import { publishContextFailures } from './nest/graphql-context.js';
import { noteGraphqlFailures } from './nest/graphql-failures.js';
import { refuseForeignConsumers, refuseForeignMiddleware } from './nest/refuse-consumers.js';
import { refuseExcludedHandlers } from './nest/refuse-handlers.js';
import type { SessionGuard } from './nest/session.guard.js';
import { installOn } from './platform/platforms.js';
import type { SessionHttp } from './session-http.js';
import { useSessionsInGateways } from './sockets/use-sessions-in-gateways.js';

/** The parts of the application that sessions need. */
export interface SessionMount {
  readonly host: Partial<Pick<HttpAdapterHost, 'httpAdapter' | 'init$'>>;
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
  readonly http: SessionHttp;
  readonly guard: SessionGuard;
}

/** The remaining steps when an application starts. */
export interface MountedSessions {
  /** To be called from a module's `configure()`: the guards of the root module are registered by then. */
  configure(): void;
  /** To be called when the middleware of all modules has been made. */
  check(): void;
}

/**
 * Gives every request of an application its session, as soon as there is a platform: before main.ts adds anything of its
 * own to it.
 */
export const mountSessions = (mount: SessionMount): MountedSessions => {
  const { host, config, modules, http, guard } = mount;
  const { excluded, settings } = http;
  useSessionsInGateways(config, modules, http);
  const finishInstalling = whenThereIsAnAdapter(host, (adapter) => {
    refuseForeignConsumers(adapter, modules);
    return installOn(adapter, http);
  });
  const configure = (): void => {
    const { httpAdapter: adapter } = host;
    if (!isAdapter(adapter)) return;
    excluded.check();
    refuseExcludedHandlers(modules, excluded, config);
    finishInstalling();
    noteGraphqlFailures(config, modules);
    publishContextFailures(modules);
    commitBeforeReply(adapter, http);
    // in place, since the routes are made of this very array; first, so that every other guard finds the session
    if (settings.mount === 'global') config.getGlobalGuards().unshift(guard);
  };
  return { configure, check: () => refuseForeignMiddleware(modules) };
};

const isAdapter = (adapter: unknown): adapter is AbstractHttpAdapter =>
  adapter !== undefined && adapter !== null;

/**
 * Does something with the adapter as soon as there is one: now, or under TestingModule when the application is made.
 *
 * @returns the rest of it, which throws what the first part threw: an observer that throws would end the process
 */
const whenThereIsAnAdapter = (
  host: SessionMount['host'],
  begin: (adapter: AbstractHttpAdapter) => () => void,
): (() => void) => {
  let rest: () => void = ignore;
  const attempt = (): void => {
    const { httpAdapter: adapter } = host;
    if (!isAdapter(adapter)) return;
    try {
      rest = begin(adapter);
    } catch (error) {
      rest = () => {
        throw error;
      };
    }
  };
  if (isAdapter(host.httpAdapter)) attempt();
  else host.init$?.subscribe(attempt);
  return () => rest();
};
