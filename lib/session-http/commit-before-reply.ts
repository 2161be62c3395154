import type { AbstractHttpAdapter } from '@nestjs/core';
import { exchangeBehind } from './platforms.js';
import { isStream } from './streaming-body.js';

/**
 * Commits the session before the adapter sends what a handler returned. Nest awaits the reply, so a failure passes
 * the exception filters; SessionInterceptor does the same, but an interceptor costs every request of the
 * application more than its session does.
 */
export const commitBeforeReply = (adapter: AbstractHttpAdapter): void => {
  const reply = adapter.reply.bind(adapter) as (...args: unknown[]) => unknown;
  adapter.reply = (response: object, body: unknown, statusCode?: number): unknown => {
    // exception filters give a status, and do not await the reply: theirs is left to the gate
    const exchange = statusCode === undefined && !isStream(body) ? exchangeBehind(response) : undefined;
    const commit = exchange?.commit(exchange.response.statusCode);
    return commit === undefined
      ? reply(response, body, statusCode)
      : commit.then(() => reply(response, body, statusCode));
  };
};
