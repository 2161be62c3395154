import type { AbstractHttpAdapter } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { type GatedResponse, HELD_RESPONSE, type Hold } from '../gate/gated-response.js';
import { gateResponse } from '../gate/response-gate.js';
import { exchangeOn, exchangesOn, openExchange } from '../held-exchange.js';
import { isPinned, provideSession } from '../pinned-session.js';
import type { PlatformRequest } from '../platform-request.js';
import type { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';
import { answerFailuresByFilters, type FastifyRoutes } from './fastify-failures.js';
import { deferSending, type FastifySender } from './fastify-send.js';
import { refusalOfDecorator, refusalOfForeign, SessionReaders } from './foreign-sessions.js';
import { refusalOfGiven, sessionIdProperty, sessionProperty } from './session-property.js';

/*
 * Fastify's raw requests and responses are Node's, whose prototypes the whole process shares. A property added to one of
 * them is cheap.
 */

/** On the requests of an application: their exchange with it. */
const EXCHANGE = Symbol('codex-redis:exchange');

interface FastifyRawRequest extends IncomingMessage {
  /** As on the raw response. */
  [HELD_RESPONSE]?: Hold | undefined;
}

interface FastifyRequest extends PlatformRequest {
  readonly raw: FastifyRawRequest;
  readonly [EXCHANGE]?: SessionExchange | undefined;
}

type Middleware = (
  request: FastifyRawRequest,
  response: GatedResponse,
  next: (error?: unknown) => void,
) => void;

/** The object that takes middleware: Nest's adapter, and the instance once middleware can be used. */
interface MiddlewareOwner {
  use?: (...args: unknown[]) => unknown;
}

interface FastifyInstance extends MiddlewareOwner, FastifyRoutes, FastifySender {
  hasRequestDecorator(name: string): boolean;
  decorateRequest: (name: string | symbol, ...accessor: unknown[]) => unknown;
  addHook: FastifyRoutes['addHook'] &
    FastifySender['addHook'] & {
      (name: 'onReady', hook: (done: (error?: Error) => void) => void): void;
      (
        name: 'onRequest',
        hook: (request: FastifyRequest, reply: { raw: GatedResponse }, done: () => void) => void,
      ): void;
    };
}

/** @param request Fastify's, or Node's own, whose exchange is that of the application that got it last */
export const fastifyExchange = (request: object): SessionExchange | undefined =>
  EXCHANGE in request
    ? (request as FastifyRequest)[EXCHANGE]
    : exchangesOn((request as FastifyRawRequest)[HELD_RESPONSE])[0];

export const isFastifyWithSessions = (request: object): boolean =>
  EXCHANGE in request || HELD_RESPONSE in request;

/**
 * Gives the requests of an application their sessions, and loads them before any other hook or middleware runs.
 *
 * @returns to be called once middleware can be used
 */
export const installOnFastify = (adapter: AbstractHttpAdapter, http: SessionHttp): (() => void) => {
  const instance = adapter.getInstance<FastifyInstance>();
  const exchangeOfRaw = (raw: FastifyRawRequest): SessionExchange | undefined =>
    exchangeOn(raw[HELD_RESPONSE], http);
  const exchangeOf = ({ raw }: FastifyRequest): SessionExchange | undefined => exchangeOfRaw(raw);
  if (instance.hasRequestDecorator('session')) throw refusalOfDecorator();
  instance.decorateRequest(EXCHANGE, {
    getter(this: FastifyRequest) {
      return exchangeOf(this);
    },
  });
  const session = sessionProperty(exchangeOf);
  instance.decorateRequest('session', { getter: session.get, setter: session.set });
  const sessionId = sessionIdProperty(exchangeOf);
  instance.decorateRequest('sessionID', { getter: sessionId.get, setter: sessionId.set });
  refuseOtherSessions(instance);
  answerFailuresByFilters(instance);
  deferSending(instance);
  instance.addHook('onRequest', (request, reply, done) => {
    const exchange = attach(http, request.raw, reply.raw);
    if (exchange !== undefined) exchange.carriedBy(request);
    goOn(exchange?.loadEarly(), done);
  });
  const ofRaw = sessionProperty(exchangeOfRaw, new SessionReaders());
  const first = new FirstMiddleware((request, response, next) => {
    const exchange = attach(http, request, response);
    const refusal = refusalOfGiven(request);
    if (refusal !== undefined) {
      next(exchange === undefined ? undefined : refusal);
      return;
    }
    if (exchange === undefined && !isPinned(request))
      Object.defineProperty(request, 'session', { configurable: true, ...ofRaw });
    else provideSession(request, ofRaw);
    goOn(exchange?.loadEarly(), next);
  });
  first.before(adapter as MiddlewareOwner);
  first.before(instance);
  return () => first.before(instance);
};

const goOn = (loading: Promise<void> | undefined, next: () => void): void => {
  if (loading === undefined) next();
  else void loading.then(next);
};

/**
 * Also in the plugins of an instance, which inherit from it: there Fastify itself would let it happen. The start fails and
 * not the plugin, since an error that a plugin throws ends the process.
 */
const refuseOtherSessions = (instance: FastifyInstance): void => {
  const { decorateRequest } = instance;
  let refusal: Error | undefined;
  instance.decorateRequest = function (this: unknown, name, ...args): unknown {
    if (name !== 'session') return decorateRequest.call(this, name, ...args);
    refusal ??= refusalOfDecorator();
    return this;
  };
  instance.addHook('onReady', (done) => done(refusal));
};

const attach = (
  http: SessionHttp,
  request: FastifyRawRequest,
  response: GatedResponse,
): SessionExchange | undefined => {
  const attached = exchangeOn(response[HELD_RESPONSE], http);
  if (attached !== undefined || http.isExcluded(request)) return attached;
  const exchange = openExchange(http, request, response, gateFastify);
  request[HELD_RESPONSE] = response[HELD_RESPONSE];
  if (exchange.isMalformed) gateFastify(exchange);
  return exchange;
};

const gateFastify = ({ response }: SessionExchange): void => gateResponse(response);

/**
 * Middleware may run before the hooks that are added later, so what uses a session needs a middleware before it. Without
 * any other, middleware as such would cost more than all of a request's session.
 */
class FirstMiddleware {
  #isAdded = false;
  readonly #watched = new Set<MiddlewareOwner>();

  constructor(private readonly middleware: Middleware) {}

  /** Adds the middleware when the owner gets its first one; refuses express-session, before which it would stand. */
  before(owner: MiddlewareOwner): void {
    const { use } = owner;
    if (use === undefined || this.#watched.has(owner)) return;
    this.#watched.add(owner);
    const addFirst = (): void => {
      if (this.#isAdded) return;
      this.#isAdded = true;
      use.call(owner, this.middleware);
    };
    owner.use = function (this: unknown, ...args: unknown[]): unknown {
      const refusal = refusalOfForeign(args);
      if (refusal !== undefined) throw refusal;
      addFirst();
      return use.apply(this, args);
    };
  }
}
