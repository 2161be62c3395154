import type { AbstractHttpAdapter } from '@nestjs/core';
import { exchangeOn } from '../held-exchange.js';
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
export const workBeforeReply = (
  exchange: SessionExchange,
  writer: BodyWriter,
  body: unknown,
): Promise<void> | undefined => {
  if (isStream(body)) return undefined;
  const plan = exchange.planOfReply(exchange.response.statusCode);
  return plan.kind === 'wait' && isSendable(writer, body) ? plan.work() : undefined;
};

/**
 * Where Nest replies for a handler it gives a third argument that is `undefined`, and awaits the reply. Exception filters
 * give a status, or set one before, or give two arguments: theirs is left to the gate.
 */
const isOfHandler = (args: Reply): boolean => args.length === 3 && args[2] === undefined;

/**
 * Commits the session before the adapter sends what a handler returned; SessionInterceptor does the same, but an
 * interceptor costs every request of the application more than its session does.
 */
export const commitBeforeReply = (adapter: AbstractHttpAdapter, http: SessionHttp): void => {
  const reply = adapter.reply.bind(adapter) as (...args: Reply) => unknown;
  adapter.reply = (...args: Reply): unknown => {
    const exchange = isOfHandler(args) ? exchangeOn(holdBehind(args[0]), http) : undefined;
    const work =
      exchange !== undefined && exchange.response.statusCode < BAD_REQUEST
        ? workBeforeReply(exchange, args[0], args[1])
        : undefined;
    return work === undefined ? reply(...args) : after(work, () => reply(...args));
  };
};

/**
 * A failure is for whoever awaits the reply. Where nobody does, the response goes on to the gate, which tells the client:
 * a rejection that nobody awaits would end the process.
 */
const after = (work: Promise<void>, reply: () => unknown): PromiseLike<unknown> => {
  let isAwaited = false;
  const replied = work.then(reply, (error: unknown) => {
    if (isAwaited) throw error;
    return reply();
  });
  return {
    then: (onReplied, onFailure) => {
      isAwaited = true;
      return replied.then(onReplied, onFailure);
    },
  };
};
