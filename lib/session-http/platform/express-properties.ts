// Speed only (session read on Express up to Node 22 +97 %): without this file all tests pass.
import { type IncomingMessage, ServerResponse } from 'node:http';
import { type GatedResponse, HELD_RESPONSE } from '../gate/gated-response.js';
import { pinSession } from '../pinned-session.js';

/**
 * The properties that Express and its router add to a request, except `body`, whose absence means something to body
 * parsers.
 */
interface ExpressRequest extends IncomingMessage {
  [ofRouter: symbol]: unknown;
  res?: unknown;
  next?: unknown;
  baseUrl?: unknown;
  originalUrl?: unknown;
  _parsedUrl?: unknown;
  params?: unknown;
  route?: unknown;
}

interface ExpressResponse extends GatedResponse {
  locals?: unknown;
}

/** The function of Express that takes a request from Node, or from the application in which it is mounted. */
export type Handle = (request: ExpressRequest, response: ExpressResponse, ...rest: unknown[]) => unknown;

/**
 * Gives requests and responses the properties that Express and a gate add to them, while they are still Node's.
 *
 * Express changes their prototypes. Up to Node 22, V8 shares no hidden class among objects to which a property is added
 * after that: each request gets classes of its own, no inline cache knows them, and all that touches a request or a
 * response takes a multiple of its time. With the properties there before, an application on Express serves up to twice
 * as many requests.
 *
 * @param isLoadedEarly says of which requests the session is looked at in any case: they get its property as well
 */
export const addExpressProperties = (
  application: { handle: Handle },
  isLoadedEarly: (request: IncomingMessage) => boolean,
): void => {
  const { handle } = application;
  let ofRouter: readonly symbol[] | undefined;
  application.handle = function (this: unknown, request, response, ...rest) {
    // not those of HTTP/2's compatible API, which keeps all of this elsewhere, nor those that another application mounts
    if (response instanceof ServerResponse && request.res === undefined) {
      addNamed(request, response);
      if (ofRouter === undefined) response.once('close', () => (ofRouter ??= symbolsOfRouter(request)));
      else for (const symbol of ofRouter) request[symbol] = undefined;
      if (isLoadedEarly(request)) pinSession(request);
    }
    return handle.call(this, request, response, ...rest);
  };
};

/** A property that a server of the user has set stays. */
const addNamed = (request: ExpressRequest, response: ExpressResponse): void => {
  request.res ??= undefined;
  request.next ??= undefined;
  request.baseUrl ??= undefined;
  request.originalUrl ??= undefined;
  request._parsedUrl ??= undefined;
  request.params ??= undefined;
  request.route ??= undefined;
  response.locals ??= undefined;
  response[HELD_RESPONSE] ??= undefined;
  // the prototype of Node's responses holds these until one is set
  const { statusCode, statusMessage } = response;
  response.statusCode = statusCode;
  response.statusMessage = statusMessage;
};

/** The symbol of the router for the matched route, which it does not export: an answered request has it. */
const symbolsOfRouter = (request: object): symbol[] =>
  Object.getOwnPropertySymbols(request).filter(({ description }) => description?.endsWith('matchedRoute'));
