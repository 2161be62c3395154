import type { IncomingMessage } from 'node:http';
import { type GatedResponse, HELD_RESPONSE, type Hold } from './gate/gated-response.js';
import { HeldResponse } from './gate/held-response.js';
import { SharedResponse } from './gate/shared-response.js';
import { SessionExchange } from './session-exchange.js';
import type { SessionHttp } from './session-http.js';

/*
 * A response has one hold. An application that is mounted in another has an exchange of its own on it.
 */

interface Held extends Hold {
  readonly owner: SessionExchange | SharedResponse<SessionExchange>;
}

/** The exchange that an application has on a held response. */
export const exchangeOn = (hold: Hold | undefined, http: SessionHttp): SessionExchange | undefined => {
  if (hold === undefined) return undefined;
  const { owner } = hold as Held;
  if (owner instanceof SharedResponse) return owner.owners.find((exchange) => exchange.isOf(http));
  return owner.isOf(http) ? owner : undefined;
};

/** The exchanges of all applications on a held response, that of the innermost first. */
export const exchangesOn = (hold: Hold | undefined): readonly SessionExchange[] => {
  if (hold === undefined) return [];
  const { owner } = hold as Held;
  return owner instanceof SharedResponse ? owner.owners : [owner];
};

/** Gives a request an exchange with an application. */
export const openExchange = (
  http: SessionHttp,
  request: IncomingMessage,
  response: GatedResponse,
  gate?: (exchange: SessionExchange) => void,
): SessionExchange => {
  const hold =
    (response[HELD_RESPONSE] as HeldResponse<SessionExchange> | undefined) ??
    new HeldResponse<SessionExchange>(response);
  const exchange = new SessionExchange(http, request, hold, gate);
  hold.join(exchange);
  response[HELD_RESPONSE] = hold;
  return exchange;
};
