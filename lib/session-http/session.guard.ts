import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { CodexRedisSettings } from '../config/settings.js';
import { SETTINGS } from '../tokens/internal-tokens.js';
import { traitsOf } from './handler-traits.js';
import { exchangeOf } from './platforms.js';
import { noSession, requestOf } from './request-session.js';

/**
 * Loads the session of a request before anything else of the handler runs. Mounted for every route by the module;
 * with `session.mount: 'manual'` by `@UseGuards(SessionGuard)`, together with SessionInterceptor.
 *
 * Lets everything pass: it checks no rights.
 *
 * @throws RedisConnectionError, RedisServiceError (status 503) when the session cannot be read.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(@Inject(SETTINGS) private readonly settings: CodexRedisSettings) {}

  canActivate(context: ExecutionContext): true | Promise<true> {
    const { session } = this.settings;
    const request = session === null ? undefined : requestOf(context);
    if (session === null || request === undefined) return true;
    const exchange = exchangeOf(request);
    if (exchange === undefined) throw noSession(context);
    const { skips, declares } = traitsOf(context.getClass(), context.getHandler());
    if (skips) exchange.access = 'skipped';
    else if (session.load === 'declared' && !declares) exchange.access = 'undeclared';
    else return exchange.load()?.then(always) ?? true;
    return true;
  }
}

const always = (): true => true;
