import type { ExecutionContext } from '@nestjs/common';
import type { Session } from '../../session/object/session.js';
import { exchangeOf } from '../platform/platforms.js';
import { sessionOfSocket } from '../sockets/socket-sessions.js';
import { traitsOf } from './handler-traits.js';
import { handshakeOf, openedFor } from './graphql-over-websocket.js';
import { noSession, requestOf } from './request-session.js';

/**
 * The session of a handler's request.
 *
 * @throws SessionStateError where there is none; it says what to do.
 */
export const sessionIn = (context: ExecutionContext): Session => {
  const session = findSession(context);
  if (session === undefined) throw noSession(context);
  return session;
};

const findSession = (context: ExecutionContext): Session | undefined => {
  if (traitsOf(context.getClass(), context.getHandler()).skips) return undefined;
  if (handshakeOf(context) !== undefined) {
    const opened = openedFor(context);
    return opened === 'excluded' ? undefined : opened;
  }
  if (context.getType() === 'ws') return sessionOfSocket(context.getArgByIndex<object>(0));
  const request = requestOf(context);
  if (request === undefined) return undefined;
  const exchange = exchangeOf(request);
  if (exchange === undefined) return request.session as Session | undefined;
  // without the guard a first visit would work, and every later one fail
  return exchange.isUnguarded ? undefined : exchange.visibleSession;
};
