import type { AbstractHttpAdapter } from '@nestjs/core';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { type GatedResponse, HELD_RESPONSE, type Hold } from '../gate/gated-response.js';
import { logFailedRequest } from '../failed-requests.js';
import type { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';
import { addExpressProperties } from './express-properties.js';
import {
  type ExpressApplication,
  expressExchange,
  type ExpressResponse,
  installOnExpress,
  isExpressWithSessions,
} from './express.js';
import { makeReplyOnExpress } from './express-send.js';
import { fastifyExchange, installOnFastify, isFastifyWithSessions } from './fastify.js';
import { makeReplyOnFastify, replyOnFastify } from './fastify-send.js';
import type { Replying } from './made-reply.js';

/**
 * Lets every request of the application have a session, loads it first of all, and holds back every response.
 *
 * @returns to be called from a module's `configure()`, where the platform takes middleware
 */
export const installOn = (adapter: AbstractHttpAdapter, http: SessionHttp): (() => void) => {
  const platform = adapter.getType();
  if (platform === 'fastify') return installOnFastify(adapter, http);
  if (platform !== 'express')
    throw new ImproperlyConfiguredError(
      `Sessions work with the HTTP adapters for Express and Fastify, this application uses "${platform}". ` +
        "Leave out the option 'session' to use the cache only",
    );
  const application = adapter.getInstance<ExpressApplication>();
  const refuseForeign = installOnExpress(application, http);
  return () => {
    refuseForeign();
    addExpressProperties(application, (request) => http.isLoadedEarly(request));
  };
};

/**
 * The exchange of a request with the application that has it: Express', Fastify's or Node's own; `undefined` where its path
 * is excluded.
 */
export const exchangeOf = (request: object): SessionExchange | undefined => {
  const { res } = request as { res?: ExpressResponse };
  return res === undefined ? fastifyExchange(request) : expressExchange(res);
};

/** Logs why a request failed. The commit of the same request's session may fail as well. */
export const logFailureOnce = (request: object, error: unknown): void => {
  const exchange = exchangeOf(request);
  if (exchange === undefined) logFailedRequest(request, error);
  else exchange.logFailure(error);
};

/** True if a request has no exchange because its path is excluded, rather than because there are no sessions. */
export const isOfApplicationWithSessions = (request: object): boolean => {
  const { res } = request as { res?: ExpressResponse };
  return res === undefined ? isFastifyWithSessions(request) : isExpressWithSessions(res);
};

/** The hold on a response of either platform, if there is one. */
export const holdBehind = (response: object): Hold | undefined => {
  const { raw = response } = response as { raw?: object };
  return (raw as GatedResponse)[HELD_RESPONSE];
};

/** The ways in which the platform of an adapter replies. */
export const replyingOn = (adapter: AbstractHttpAdapter): Replying =>
  adapter.getType() === 'express'
    ? { makeReply: makeReplyOnExpress, replyAtOnce: (_response, reply) => reply() }
    : { makeReply: makeReplyOnFastify, replyAtOnce: replyOnFastify };
