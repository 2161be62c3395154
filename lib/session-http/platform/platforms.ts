import type { AbstractHttpAdapter } from '@nestjs/core';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { addExpressProperties } from './express-properties.js';
import { BASE, type GatedResponse, HELD_RESPONSE, HOLD_ON_DEMAND } from '../gate/gated-response.js';
import type { ResponseBase } from '../gate/response-base.js';
import { addSenders, senders } from '../gate/response-gate.js';
import { type PlatformRequest, SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';

/*
 * All that differs between Express and Fastify. Express lets an application have prototypes of its own for its
 * requests and responses, and a property added to one of them is slow; Fastify's are Node's, shared by the whole
 * process, and a property is cheap.
 */

/** Lets every request of the application have a session, and holds back every response. */
export const installOn = (adapter: AbstractHttpAdapter, http: SessionHttp): void => {
  const platform = adapter.getType();
  if (platform === 'express') {
    installOnExpress(adapter.getInstance<ExpressApplication>(), http);
    addExpressProperties(adapter.getHttpServer() as Server | undefined);
  } else if (platform === 'fastify') installOnFastify(adapter.getInstance<FastifyInstance>(), http);
  else
    throw new ImproperlyConfiguredError(
      `Sessions work with the HTTP adapters for Express and Fastify, this application uses "${platform}". ` +
        "Leave out the option 'session' to use the cache only",
    );
};

/** The exchange of a request: Express', Fastify's or Node's own. */
export const exchangeOf = (request: object): SessionExchange | undefined => {
  const { res } = request as { res?: ExpressResponse };
  return res === undefined ? fastifyExchange(request) : expressExchange(res);
};

/** The exchange of a request if it has one already, or needs one for a malformed cookie. */
export const presentExchangeOf = (request: object): SessionExchange | undefined => {
  const { res } = request as { res?: GatedResponse };
  return res === undefined ? fastifyExchange(request) : heldOrNeeded(res);
};

/** The exchange behind a response of either platform, if it has one. */
export const exchangeBehind = (response: object): SessionExchange | undefined => {
  const { raw = response } = response as { raw?: object };
  return (raw as GatedResponse)[HELD_RESPONSE] as SessionExchange | undefined;
};

const heldOrNeeded = (response: GatedResponse): SessionExchange | undefined =>
  (response[HELD_RESPONSE] ?? response[HOLD_ON_DEMAND]?.(response)) as SessionExchange | undefined;

// --- Express

interface ExpressApplication {
  readonly request: object;
  readonly response: object;
}

/** On the response prototype of an application. */
const OPEN = Symbol('codex-redis:open-exchange');

interface ExpressResponse extends GatedResponse {
  [OPEN]?: (response: ExpressResponse) => SessionExchange;
}

const installOnExpress = ({ request, response }: ExpressApplication, http: SessionHttp): void => {
  const base = Reflect.getPrototypeOf(response) as ResponseBase;
  const open = (held: ExpressResponse): SessionExchange =>
    (held[HELD_RESPONSE] = new SessionExchange(http, held.req, held, base));
  Object.assign(response, {
    ...senders,
    [BASE]: base,
    [OPEN]: open,
    // a response nobody asked a session for is concerned only by a malformed cookie
    [HOLD_ON_DEMAND]: (held: ExpressResponse) => (http.presentsMalformed(held.req) ? open(held) : undefined),
  });
  Object.defineProperty(request, 'session', {
    configurable: true,
    get(this: { res: ExpressResponse }) {
      return expressExchange(this.res)?.visibleSession;
    },
    set: replaceSession,
  });
};

const expressExchange = (response: ExpressResponse): SessionExchange | undefined =>
  (response[HELD_RESPONSE] as SessionExchange | undefined) ?? response[OPEN]?.(response);

// --- Fastify

const EXCHANGE = Symbol('codex-redis:exchange');

interface FastifyRawRequest extends IncomingMessage {
  [EXCHANGE]?: SessionExchange;
  session?: unknown;
}

type Middleware = (request: FastifyRawRequest, response: GatedResponse, next: () => void) => void;

/** @param request Fastify's or Node's own */
const fastifyExchange = (request: object): SessionExchange | undefined => {
  const { raw = request } = request as { raw?: object };
  return (raw as FastifyRawRequest)[EXCHANGE];
};

interface FastifyRequest extends PlatformRequest {
  readonly raw: FastifyRawRequest;
}

interface FastifyInstance {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, accessor: object): void;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: { raw: GatedResponse }, done: () => void) => void,
  ): void;
  /** Only where middleware can be used. */
  use?: (...args: unknown[]) => unknown;
}

const installOnFastify = (instance: FastifyInstance, http: SessionHttp): void => {
  if (instance.hasRequestDecorator('session'))
    throw new ImproperlyConfiguredError(
      'Another Fastify plugin (such as @fastify/session) already gives requests a session; remove it, or leave out ' +
        "the option 'session' of CodexRedisModule",
    );
  instance.decorateRequest('session', {
    getter(this: { raw: FastifyRawRequest }) {
      return this.raw[EXCHANGE]?.visibleSession;
    },
    setter: replaceSession,
  });
  const attach = (request: FastifyRawRequest, response: GatedResponse): SessionExchange => {
    const prototype = Reflect.getPrototypeOf(response) as ResponseBase;
    const exchange = new SessionExchange(http, request, response, prototype, gateFastify);
    request[EXCHANGE] = exchange;
    if (exchange.isMalformed) gateFastify(exchange);
    return exchange;
  };
  instance.addHook('onRequest', (request, reply, done) => {
    const exchange = request.raw[EXCHANGE] ?? attach(request.raw, reply.raw);
    exchange.carrier = request;
    done();
  });
  beforeFirstMiddleware(instance, (request, response, next) => {
    request.session = (request[EXCHANGE] ?? attach(request, response)).session;
    next();
  });
};

const gateFastify = (exchange: SessionExchange): void => {
  const response: GatedResponse = exchange.response;
  if (response[HELD_RESPONSE] !== undefined) return;
  exchange.base = fastifyBase(response);
  response[HELD_RESPONSE] = exchange;
  addSenders(response);
};

/**
 * Middleware runs before the hooks that are added later, so what consumes a session needs one that runs before it.
 * Without any other, middleware as such would cost more than all of a request's session.
 */
const beforeFirstMiddleware = (instance: FastifyInstance, middleware: Middleware): void => {
  const { use } = instance;
  if (use === undefined) return;
  instance.use = function (this: unknown, ...args: unknown[]): unknown {
    instance.use = use;
    use.call(instance, middleware);
    return use.apply(this, args);
  };
};

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

/** Whoever puts a session of another kind in its place is let; one who means to end it would leave it stored. */
function replaceSession(this: object, value: unknown): void {
  if (value === null || value === undefined)
    throw new TypeError(
      `Assigning ${String(value)} to request.session does not end the session; await session.flush() for that`,
    );
  Object.defineProperty(this, 'session', { configurable: true, writable: true, enumerable: true, value });
}
