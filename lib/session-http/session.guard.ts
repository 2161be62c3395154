import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { CodexRedisSettings } from '../config/settings.js';
import { SETTINGS } from '../tokens/internal-tokens.js';
import { traitsOf } from './handler-traits.js';
import { exchangeOf } from './platforms.js';
import { requestOf } from './request-session.js';

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
    const exchange = request && exchangeOf(request);
    if (session === null || exchange === undefined) return true;
    const { skips, declares } = traitsOf(context.getClass(), context.getHandler());
    const access = accessOf(skips, session.load === 'always' || declares);
    // the resolvers of one GraphQL request share its session: what one was granted the next does not take away
    if (exchange.access !== 'granted') exchange.access = access;
    return access === 'granted' ? (exchange.load()?.then(always) ?? true) : true;
  }
}

const always = (): true => true;

const accessOf = (skips: boolean, loads: boolean): 'granted' | 'skipped' | 'undeclared' => {
  if (skips) return 'skipped';
  return loads ? 'granted' : 'undeclared';
};
