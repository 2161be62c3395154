import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { CodexRedisSettings } from '../../config/settings.js';
import { SETTINGS } from '../../tokens/internal-tokens.js';
import { traitsOf } from './handler-traits.js';
import { exchangeOf } from '../platform/platforms.js';
import { requestOf } from './request-session.js';

/**
 * Learns what the handler makes of the session. Where it was not loaded before anything else (`session.load: 'declared'`,
 * `session.mount: 'manual'`), it loads the session before anything of the handler runs; elsewhere it is synchronous, so
 * that what the next guard enters with `AsyncLocalStorage.enterWith` lasts. Mounted for every route by the module; with
 * `session.mount: 'manual'` by `@UseGuards(SessionGuard)`, together with SessionInterceptor.
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
    const { skips, declares } = traitsOf(context.getClass(), context.getHandler());
    if (skips) return this.#skip(request);
    // who has no cookie has nothing to load, and an exchange is made only when something asks for one
    const declared = declares || session.load === 'always';
    if (declared && session.mount === 'global' && request.headers?.cookie === undefined) return true;
    const exchange = exchangeOf(request);
    if (exchange === undefined) return true;
    // the resolvers of one GraphQL request share its session: what one was granted the next does not take away
    if (exchange.access !== 'granted') exchange.access = declared ? 'granted' : 'undeclared';
    return declared ? (exchange.load()?.then(always) ?? true) : true;
  }

  #skip(request: object): true {
    const exchange = exchangeOf(request);
    if (exchange !== undefined && exchange.access !== 'granted') exchange.access = 'skipped';
    return true;
  }
}

const always = (): true => true;
