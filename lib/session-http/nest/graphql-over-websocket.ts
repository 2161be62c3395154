import type { ArgumentsHost } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { ignore } from '../../common/ignore.js';
import type { Session } from '../../session/object/session.js';
import { sessionStateOf } from '../../session/object/state-of.js';
import { isHandshake } from '../is-handshake.js';
import { exchangeOf } from '../platform/platforms.js';
import type { SessionHttp } from '../session-http.js';

/*
 * A GraphQL operation that came over a WebSocket: a subscription, or a query or mutation beside it. All that leads to its
 * visitor is the handshake of the connection, which the drivers put into the context of the operation, each elsewhere.
 */

/** The values that may lead to the request of a handshake. */
interface Lead {
  readonly headers?: IncomingMessage['headers'];
  /** Node's request behind one of Fastify's. */
  readonly raw?: Lead;
  /** Of a connection of graphql-ws. */
  readonly extra?: Lead;
  /** Of what graphql-ws calls `extra`, and of a context of Mercurius. */
  readonly request?: Lead;
}

/** The context of an operation, which its resolvers share. */
interface OperationContext extends Lead {
  readonly req?: Lead;
}

/** The guard's decision about an operation. */
const opened = new WeakMap<object, Session | 'excluded'>();

/** The objects that have received a session. */
const carriers = new WeakSet();

const contextOf = (host: ArgumentsHost): OperationContext | undefined => {
  // the third argument of every resolver
  const context = host.getArgByIndex<OperationContext | null | undefined>(2);
  return typeof context === 'object' && context !== null ? context : undefined;
};

const handshakeBehind = (lead: Lead | undefined): IncomingMessage | undefined => {
  const request = lead?.extra?.request ?? lead?.request ?? lead;
  const raw = (request?.raw ?? request) as IncomingMessage | undefined;
  return raw?.headers !== undefined && isHandshake(raw) ? raw : undefined;
};

/** The request that opened the connection of a GraphQL operation; `undefined` where it came over HTTP. */
export const handshakeOf = (host: ArgumentsHost): IncomingMessage | undefined => {
  if (host.getType<string>() !== 'graphql') return undefined;
  const context = contextOf(host);
  return handshakeBehind(context?.req) ?? handshakeBehind(context);
};

/** The session that the guard has opened for an operation; `excluded` if the path of its handshake has no session. */
export const openedFor = (host: ArgumentsHost): Session | 'excluded' | undefined => {
  const context = contextOf(host);
  return context === undefined ? undefined : opened.get(context);
};

/**
 * Loads the session of an operation, once: a session may have been ended since the handshake. A failure is thrown
 * when a resolver touches the session.
 */
export const openHandshakeSession = async (
  host: ArgumentsHost,
  handshake: IncomingMessage,
  http: SessionHttp,
): Promise<void> => {
  const context = contextOf(host) ?? {};
  if (http.excluded.has(handshake)) opened.set(context, 'excluded');
  const before = opened.get(context);
  if (before === 'excluded') return;
  const session = before ?? openFor(handshake, http);
  opened.set(context, session);
  if (sessionStateOf(session).loadFailure === undefined)
    await http.service.ensureLoaded(session).catch(ignore);
  for (const carrier of [handshake, context.req]) if (carrier !== undefined) give(carrier, session);
};

const openFor = (handshake: IncomingMessage, http: SessionHttp): Session => {
  const { keys, earlier } = http.presentedBy(handshake);
  const session = http.service.open(keys, earlier);
  sessionStateOf(session).use.beReadOnly();
  return session;
};

/**
 * Lets guards find it as `session` of the request, as they do over HTTP. A property that the application has put there
 * stays.
 */
const give = (carrier: object, session: Session): void => {
  const exchange = exchangeOf(carrier);
  if (exchange !== undefined) exchange.replaceSession(session);
  else if (carriers.has(carrier) || !('session' in carrier)) {
    carriers.add(carrier);
    Reflect.defineProperty(carrier, 'session', { configurable: true, value: session });
  }
};
