import type { AbstractHttpAdapter } from '@nestjs/core';
import { exchangeBehind } from '../platform/platforms.js';
import { isSendable, isStream } from './sendable-body.js';
import type { SessionExchange } from '../session-exchange.js';

type Reply = [response: object, body?: unknown, statusCode?: number];

const BAD_REQUEST = 400;

/**
 * Where Nest replies for a handler it awaits the reply, and gives a third argument that is `undefined`. Exception
 * filters give a status, or set one before, or give two arguments, and nobody awaits them: theirs is left to the gate.
 */
const exchangeOfHandler = (args: Reply): SessionExchange | undefined => {
  const [response, body, statusCode] = args;
  if (args.length < 3 || statusCode !== undefined || isStream(body)) return undefined;
  const exchange = exchangeBehind(response);
  return exchange !== undefined && exchange.response.statusCode < BAD_REQUEST ? exchange : undefined;
};

/** A body that may fail is left to the gate, which commits when the response leaves. */
const commitOf = (args: Reply): Promise<void> | undefined => {
  const exchange = exchangeOfHandler(args);
  if (exchange === undefined) return undefined;
  const { statusCode } = exchange.response;
  const waits = exchange.hasTask(statusCode) && !isSendable(args[0], args[1]);
  return waits ? undefined : exchange.commit(statusCode);
};

/**
 * Commits the session before the adapter sends what a handler returned, so that a failure passes the exception
 * filters; SessionInterceptor does the same, but an interceptor costs every request of the application more than its
 * session does.
 */
export const commitBeforeReply = (adapter: AbstractHttpAdapter): void => {
  const reply = adapter.reply.bind(adapter) as (...args: Reply) => unknown;
  adapter.reply = (...args: Reply): unknown => {
    const commit = commitOf(args);
    return commit === undefined ? reply(...args) : commit.then(() => reply(...args));
  };
};
