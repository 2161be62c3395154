import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { SESSION_HTTP } from '../../tokens/internal-tokens.js';
import type { SessionHttp } from '../session-http.js';
import { traitsOf } from './handler-traits.js';
import { handshakeOf, openHandshakeSession } from './graphql-over-websocket.js';
import { exchangeOf } from '../platform/platforms.js';
import { requestOf } from './request-session.js';

/**
 * Learns what the handler makes of the session. Where it was not loaded before anything else (`session.load: 'declared'`,
 * `session.mount: 'manual'`), it loads the session before anything of the handler runs; elsewhere it is synchronous, so
 * that what the next guard enters with `AsyncLocalStorage.enterWith` lasts. Mounted for every route by the module; with
 * `session.mount: 'manual'` by `@UseGuards(SessionGuard)`, together with SessionInterceptor. A GraphQL operation that came
 * over a WebSocket, such as a subscription, gets the session that the cookie of the handshake names, read-only.
 *
 * Lets everything pass: it checks no rights. If the session cannot be read, the first access to it throws
 * RedisConnectionError or RedisServiceError (status 503).
 */
@Injectable()
export class SessionGuard implements CanActivate {
  readonly #http: SessionHttp | null;

  constructor(@Inject(SESSION_HTTP) http: SessionHttp | null) {
    this.#http = http;
  }

  canActivate(context: ExecutionContext): true | Promise<true> {
    if (this.#http === null) return true;
    const handshake = handshakeOf(context);
    if (handshake !== undefined) return this.#openFor(handshake, context, this.#http);
    const request = requestOf(context);
    if (request === undefined) return true;
    const { skips, declares } = traitsOf(context.getClass(), context.getHandler());
    if (skips) {
      exchangeOf(request)?.access.note('skipped');
      return true;
    }
    const { load, mount } = this.#http.settings;
    // a visitor without a cookie has nothing to load, and an exchange is made only when something asks for one
    const declared = declares || load === 'always';
    if (declared && mount === 'global' && request.headers?.cookie === undefined) return true;
    const exchange = exchangeOf(request);
    if (exchange === undefined) return true;
    exchange.access.note(declared ? 'granted' : 'undeclared');
    return declared ? (exchange.load()?.then(always) ?? true) : true;
  }

  #openFor(handshake: IncomingMessage, context: ExecutionContext, http: SessionHttp): true | Promise<true> {
    const { skips, declares } = traitsOf(context.getClass(), context.getHandler());
    if (skips || !(declares || http.settings.load === 'always')) return true;
    return openHandshakeSession(context, handshake, http).then(always);
  }
}

const always = (): true => true;
