import type { AbstractHttpAdapter } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { type GatedResponse, HELD_RESPONSE } from '../gate/gated-response.js';
import type { ResponseBase } from '../gate/response-base.js';
import { addSenders, senders } from '../gate/response-gate.js';
import type { PlatformRequest } from '../route-of.js';
import { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';
import { replaceSession } from './replace-session.js';

/*
 * Fastify's raw requests and responses are Node's, whose prototypes the whole process shares. A property added to one of
 * them is cheap.
 */

/** On a raw request; `null` where its path is excluded. */
const EXCHANGE = Symbol('codex-redis:exchange');

interface FastifyRawRequest extends IncomingMessage {
  [EXCHANGE]?: SessionExchange | null;
  session?: unknown;
}

interface FastifyRequest extends PlatformRequest {
  readonly raw: FastifyRawRequest;
}

type Middleware = (request: FastifyRawRequest, response: GatedResponse, next: () => void) => void;

/** What takes middleware: Nest's adapter, and the instance once middleware can be used. */
interface MiddlewareOwner {
  use?: (...args: unknown[]) => unknown;
}

interface FastifyInstance extends MiddlewareOwner {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, accessor: object): void;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: { raw: GatedResponse }, done: () => void) => void,
  ): void;
}

/** @param request Fastify's or Node's own */
export const fastifyExchange = (request: object): SessionExchange | undefined =>
  rawOf(request)[EXCHANGE] ?? undefined;

export const isFastifyWithSessions = (request: object): boolean => rawOf(request)[EXCHANGE] !== undefined;

const rawOf = (request: object): FastifyRawRequest => {
  const { raw = request } = request as { raw?: object };
  return raw as FastifyRawRequest;
};

/**
 * Gives the requests of an application their sessions, and loads them before any other hook or middleware runs.
 *
 * @returns to be called once middleware can be used
 */
export const installOnFastify = (adapter: AbstractHttpAdapter, http: SessionHttp): (() => void) => {
  const instance = adapter.getInstance<FastifyInstance>();
  refuseOtherSessions(instance);
  instance.decorateRequest('session', {
    getter(this: { raw: FastifyRawRequest }) {
      return this.raw[EXCHANGE]?.visibleSession;
    },
    setter: replaceSession,
  });
  instance.decorateRequest('sessionID', {
    getter(this: { raw: FastifyRawRequest }) {
      return this.raw[EXCHANGE]?.session.key;
    },
  });
  const attach = (request: FastifyRawRequest, response: GatedResponse): SessionExchange | null =>
    request[EXCHANGE] ?? (request[EXCHANGE] = exchangeFor(http, request, response));
  instance.addHook('onRequest', (request, reply, done) => {
    const exchange = attach(request.raw, reply.raw);
    if (exchange !== null) exchange.carrier = request;
    goOn(exchange?.loadEarly(), done);
  });
  const first = new FirstMiddleware((request, response, next) => {
    const exchange = attach(request, response);
    if (exchange !== null) request.session = exchange.session;
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

const refuseOtherSessions = (instance: FastifyInstance): void => {
  if (instance.hasRequestDecorator('session'))
    throw new ImproperlyConfiguredError(
      'Another Fastify plugin (such as @fastify/session) already gives requests a session; remove it, or leave out ' +
        "the option 'session' of CodexRedisModule",
    );
};

const exchangeFor = (
  http: SessionHttp,
  request: FastifyRawRequest,
  response: GatedResponse,
): SessionExchange | null => {
  if (http.isExcluded(request)) return null;
  const prototype = Reflect.getPrototypeOf(response) as ResponseBase;
  const exchange = new SessionExchange(http, request, response, prototype, gateFastify);
  if (exchange.isMalformed) gateFastify(exchange);
  return exchange;
};

const gateFastify = (exchange: SessionExchange): void => {
  const response: GatedResponse = exchange.response;
  if (response[HELD_RESPONSE] !== undefined) return;
  exchange.base = fastifyBase(response);
  response[HELD_RESPONSE] = exchange;
  addSenders(response);
};

/**
 * Middleware may run before the hooks that are added later, so what uses a session needs a middleware before it. Without
 * any other, middleware as such would cost more than all of a request's session.
 */
class FirstMiddleware {
  #isAdded = false;
  readonly #watched = new Set<MiddlewareOwner>();

  constructor(private readonly middleware: Middleware) {}

  /** Adds the middleware when the owner gets its first one. */
  before(owner: MiddlewareOwner): void {
    const { use } = owner;
    if (use === undefined || this.#watched.has(owner)) return;
    this.#watched.add(owner);
    const add = (): void => {
      if (this.#isAdded) return;
      this.#isAdded = true;
      use.call(owner, this.middleware);
    };
    owner.use = function (this: unknown, ...args: unknown[]): unknown {
      owner.use = use;
      add();
      return use.apply(this, args);
    };
  }
}

const SENDERS = Object.keys(senders);

/** Another middleware may have put methods of its own on the response before. */
const fastifyBase = (response: ServerResponse): ResponseBase => {
  const prototype = Reflect.getPrototypeOf(response) as ResponseBase;
  const own = SENDERS.filter((name) => Object.hasOwn(response, name));
  if (own.length === 0) return prototype;
  const base = Object.create(prototype) as Record<string, unknown>;
  for (const name of own) base[name] = Reflect.get(response, name);
  return base as unknown as ResponseBase;
};
