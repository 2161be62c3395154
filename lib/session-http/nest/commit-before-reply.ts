import type { AbstractHttpAdapter } from '@nestjs/core';
import { exchangeOn } from '../held-exchange.js';
import { makeReply } from '../platform/express-send.js';
import { holdBehind } from '../platform/platforms.js';
import type { SessionExchange } from '../session-exchange.js';
import type { SessionHttp } from '../session-http.js';
import { type BodyWriter, isSendable, isStream } from './sendable-body.js';

type Reply = [response: object, body?: unknown, statusCode?: number];

const BAD_REQUEST = 400;

/**
 * The work that is done before what a handler returned is sent, so that a failure passes the exception filters;
 * `undefined` where there is none, and where the body may still fail: that is left to the gate, which commits when the
 * response leaves.
 */
const plannedWork = (exchange: SessionExchange, body: unknown): (() => Promise<void>) | undefined => {
  const plan = exchange.planOfReply(exchange.response.statusCode);
  return plan.kind === 'wait' && !isStream(body) ? plan.work : undefined;
};

/**
 * Does that work where the platform makes the text of the body only after it. So whether it can is found out first, by
 * making the text once more.
 */
export const workBeforeReply = (
  exchange: SessionExchange,
  writer: BodyWriter,
  body: unknown,
): Promise<void> | undefined => {
  const work = plannedWork(exchange, body);
  return work !== undefined && isSendable(writer, body) ? work() : undefined;
};

/**
 * True for the arguments with which Nest replies for a handler: the third is given and `undefined`, and Nest awaits the
 * reply. Exception filters give a status, or set one before, or give two arguments: theirs is left to the gate.
 */
const isOfHandler = (args: Reply): boolean => args.length === 3 && args[2] === undefined;

/**
 * Commits the session before the adapter sends what a handler returned; SessionInterceptor does the same, but an
 * interceptor costs every request of the application more than its session does.
 */
export const commitBeforeReply = (adapter: AbstractHttpAdapter, http: SessionHttp): void => {
  const reply = adapter.reply.bind(adapter) as (...args: Reply) => unknown;
  const replyCommitted = adapter.getType() === 'express' ? replyOnExpress : replyOnFastify;
  adapter.reply = (...args: Reply): unknown => {
    const exchange = isOfHandler(args) ? exchangeOn(holdBehind(args[0]), http) : undefined;
    return exchange !== undefined && exchange.response.statusCode < BAD_REQUEST
      ? replyCommitted(exchange, args, () => reply(...args))
      : reply(...args);
  };
};

/** The text is made before the commit, by Express itself, and sent after it. */
const replyOnExpress = (
  exchange: SessionExchange,
  [response, body]: Reply,
  reply: () => unknown,
): unknown => {
  const work = plannedWork(exchange, body);
  if (work === undefined) return reply();
  const { result, send, takeBack } = makeReply(response, reply);
  return send === undefined ? result : after(work(), send, takeBack);
};

/**
 * Between the text and its sending Fastify has onSend hooks only. One of this module's would cost every request of the
 * application, and text that was made here is no substitute: preSerialization hooks and serializers would not run on it,
 * or twice, and the schema may depend on the content type.
 */
const replyOnFastify = (
  exchange: SessionExchange,
  [response, body]: Reply,
  reply: () => unknown,
): unknown => {
  const work = workBeforeReply(exchange, response, body);
  return work === undefined ? reply() : after(work, reply);
};

/**
 * A failure goes to the code that awaits the reply. If nobody does, the response goes on to the gate, which tells the client:
 * a rejection that nobody awaits would end the process.
 */
const after = (work: Promise<void>, reply: () => unknown, takeBack?: () => void): PromiseLike<unknown> => {
  let isAwaited = false;
  const replied = work.then(reply, (error: unknown) => {
    if (!isAwaited) return reply();
    takeBack?.();
    throw error;
  });
  return {
    then: (onReplied, onFailure) => {
      isAwaited = true;
      return replied.then(onReplied, onFailure);
    },
  };
};
