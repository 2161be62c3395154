import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { type GatedResponse, HELD_RESPONSE } from '../gate/gated-response.js';
import { gatePrototype } from '../gate/response-gate.js';
import { exchangeOn, openExchange } from '../held-exchange.js';
import type { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';
import { sessionProperty, showOwnSession } from './session-property.js';

/*
 * Express lets an application have prototypes of its own for its requests and responses. A property added to one of
 * them is slow.
 */

interface ExpressRequest {
  readonly res: ExpressResponse;
}

type Middleware = (request: object, response: ExpressResponse, next: () => void) => void;

/** What a router calls: middleware, or a router with layers of its own. */
interface Layer {
  readonly handle: ((...args: never[]) => unknown) & { readonly stack?: Layer[] };
}

interface Router {
  use(middleware: Middleware): unknown;
  readonly stack: (Layer | undefined)[];
}

export interface ExpressApplication {
  readonly request: object;
  readonly response: object;
  readonly router: Router;
}

/** On the prototype of an application's responses: gives the exchange that a response has with it. */
const OPEN = Symbol('codex-redis:open-exchange');

export interface ExpressResponse extends GatedResponse {
  [OPEN]?: (response: ExpressResponse) => SessionExchange | undefined;
}

/** Gives the requests of an application their sessions, and loads them before any middleware runs. */
export const installOnExpress = (application: ExpressApplication, http: SessionHttp): void => {
  const { request, response } = application;
  const open = (held: ExpressResponse): SessionExchange | undefined =>
    exchangeOn(held[HELD_RESPONSE], http) ??
    (http.isExcluded(held.req) ? undefined : openExchange(http, held.req, held));
  gatePrototype(response);
  Object.assign(response, { [OPEN]: open });
  Object.defineProperty(request, 'session', {
    configurable: true,
    ...sessionProperty(({ res }: ExpressRequest) => open(res)),
  });
  Object.defineProperty(request, 'sessionID', {
    configurable: true,
    get(this: ExpressRequest) {
      return open(this.res)?.session.key;
    },
  });
  putFirst(application, (incoming, outgoing, next) => {
    const { cookie } = outgoing.req.headers;
    showOwnSession(incoming);
    // without a look at its session a response is concerned only by a malformed cookie
    const opens = cookie !== undefined && (http.loadsEarly || http.presentsMalformed(outgoing.req));
    const loading = opens ? open(outgoing)?.loadEarly() : undefined;
    if (loading === undefined) next();
    else void loading.then(next);
  });
};

/**
 * express-session leaves every request alone that has a session already, so it would do nothing, in silence.
 *
 * @throws ImproperlyConfiguredError where it was added to an application.
 */
export const refuseExpressSession = ({ router }: ExpressApplication): void => {
  if (router.stack.some(isExpressSession))
    throw new ImproperlyConfiguredError(
      "express-session gives requests a session as well, on the same property: remove its middleware, or leave out the option 'session' " +
        'of CodexRedisModule',
    );
};

const isExpressSession = (layer: Layer | undefined): boolean => {
  if (layer === undefined) return false;
  const { handle } = layer;
  // its function, by its name and by what it alone gives to requests
  if (handle.name === 'session' && Function.prototype.toString.call(handle).includes('sessionStore'))
    return true;
  return (handle.stack ?? []).some(isExpressSession);
};

/** The exchange of a response; `undefined` where the path is excluded and where sessions are off. */
export const expressExchange = (response: ExpressResponse): SessionExchange | undefined =>
  response[OPEN]?.(response);

export const isExpressWithSessions = (response: ExpressResponse): boolean => response[OPEN] !== undefined;

/**
 * Puts a middleware before all others, when the first is added or the first request arrives. A router that was made now
 * would ignore what main.ts still says about routing (`app.enable('strict routing')`).
 */
const putFirst = (application: ExpressApplication, middleware: Middleware): void => {
  const lazy = Object.getOwnPropertyDescriptor(application, 'router');
  const insert = (): Router => {
    const { router } = application;
    router.use(middleware);
    router.stack.unshift(router.stack.pop());
    return router;
  };
  if (lazy?.get === undefined) insert();
  else
    Object.defineProperty(application, 'router', {
      configurable: true,
      enumerable: true,
      get: () => {
        Object.defineProperty(application, 'router', lazy);
        return insert();
      },
    });
};
