import { type GatedResponse, HELD_RESPONSE } from '../gate/gated-response.js';
import { gatePrototype } from '../gate/response-gate.js';
import { exchangeOn, openExchange } from '../held-exchange.js';
import type { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';
import type { Handle } from './express-properties.js';
import { deferSending } from './express-send.js';
import { type Layer, refusalOfForeign, SessionReaders } from './foreign-sessions.js';
import { refusalOfGiven, sessionIdProperty, sessionProperty } from './session-property.js';

/*
 * Express lets an application have prototypes of its own for its requests and responses. A property added to one of
 * them is slow.
 */

interface ExpressRequest {
  readonly res: ExpressResponse;
}

type Middleware = (request: object, response: ExpressResponse, next: (error?: unknown) => void) => void;

interface Router {
  use(middleware: Middleware): unknown;
  readonly stack: (Layer | undefined)[];
}

export interface ExpressApplication {
  use: (...args: unknown[]) => unknown;
  handle: Handle;
  readonly request: object;
  readonly response: object;
  readonly router: Router;
}

/** On the prototype of an application's responses: gives the exchange that a response has with it. */
const OPEN = Symbol('codex-redis:open-exchange');

export interface ExpressResponse extends GatedResponse {
  [OPEN]?: (response: ExpressResponse) => SessionExchange | undefined;
}

/**
 * Gives the requests of an application their sessions, and loads them before any middleware runs.
 *
 * @returns to be called when the application starts: refuses express-session beside them
 */
export const installOnExpress = (application: ExpressApplication, http: SessionHttp): (() => void) => {
  const { request, response } = application;
  const open = (held: ExpressResponse): SessionExchange | undefined =>
    exchangeOn(held[HELD_RESPONSE], http) ??
    (http.isExcluded(held.req) ? undefined : openExchange(http, held.req, held));
  gatePrototype(response);
  deferSending(response);
  Object.assign(response, { [OPEN]: open });
  const exchangeOf = ({ res }: ExpressRequest): SessionExchange | undefined => open(res);
  Object.defineProperties(request, {
    session: { configurable: true, ...sessionProperty(exchangeOf, new SessionReaders()) },
    sessionID: { configurable: true, ...sessionIdProperty(exchangeOf) },
  });
  const findForeign = watchUse(application);
  let found: { readonly refusal: Error | undefined } | undefined;
  putFirst(application, (incoming, outgoing, next) => {
    // again, for what was added since the start
    found ??= { refusal: findForeign() };
    const refusal = found.refusal ?? refusalOfGiven(incoming);
    if (refusal !== undefined && !http.isExcluded(outgoing.req)) {
      next(refusal);
      return;
    }
    // without a look at its session a response is concerned only by a malformed cookie
    const opens =
      outgoing.req.headers.cookie !== undefined && (http.loadsEarly || http.presentsMalformed(outgoing.req));
    const loading = opens ? open(outgoing)?.loadEarly() : undefined;
    if (loading === undefined) next();
    else void loading.then(() => next());
  });
  return () => {
    const refusal = findForeign();
    if (refusal !== undefined) throw refusal;
  };
};

/**
 * Refuses express-session and cookie-session where they are added, while the caller's line is known. Until the start that is only noted: an error
 * that is thrown in `app.use()` would end the process before anybody could catch it.
 *
 * @returns what to refuse at the start and at the first request: also what was there before, and in applications that are
 *   mounted
 */
const watchUse = (application: ExpressApplication): (() => Error | undefined) => {
  const mounted: Partial<ExpressApplication>[] = [];
  const { use } = application;
  let refusal: Error | undefined;
  let hasStarted = false;
  application.use = function (this: unknown, ...args: unknown[]): unknown {
    refusal ??= refusalOfForeign(args);
    if (hasStarted && refusal !== undefined) throw refusal;
    mounted.push(...args.flat(Infinity).filter(isApplication));
    return use.apply(this, args);
  };
  return () => {
    hasStarted = true;
    if (refusal !== undefined) return refusal;
    const others = mounted.filter(({ response = {} }) => !Object.hasOwn(response, OPEN));
    const layers = [application, ...others].flatMap(({ router }) => router?.stack ?? []);
    return refusalOfForeign(layers.map((layer) => layer?.handle));
  };
};

const isApplication = (value: unknown): value is Partial<ExpressApplication> =>
  typeof value === 'function' && 'response' in value && 'set' in value;

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
