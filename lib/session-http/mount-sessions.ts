import type { AbstractHttpAdapter, ApplicationConfig } from '@nestjs/core';
import type { SessionSettings } from '../config/settings.js';
import type { SessionService } from '../session/session.service.js';
import type { Clock } from '../common/clock.js';
import { commitBeforeReply } from './nest/commit-before-reply.js';
import { installOn } from './platform/platforms.js';
import { SessionHttp } from './session-http.js';
import type { SessionGuard } from './nest/session.guard.js';

/** What sessions need of the application they are mounted in. */
export interface SessionMount {
  readonly adapter: AbstractHttpAdapter;
  readonly config: ApplicationConfig;
  readonly service: SessionService;
  readonly settings: SessionSettings;
  readonly clock: Clock;
  readonly guard: SessionGuard;
}

/**
 * Gives every request of an application its session. To be called from a module's `configure()`: later is too late
 * for the platforms, earlier the root module's own guards are not registered yet.
 */
export const mountSessions = ({ adapter, config, service, settings, clock, guard }: SessionMount): void => {
  installOn(adapter, new SessionHttp(service, settings, clock));
  if (settings.mount === 'manual') return;
  // in place, since the routes are made of this very array; first, so that every other guard finds the session
  config.getGlobalGuards().unshift(guard);
  commitBeforeReply(adapter);
};
