import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import { SessionStateError } from '../../errors/session.errors.js';
import { exchangeOf, isOfApplicationWithSessions } from '../platform/platforms.js';
import { handshakeOf, openedFor } from './graphql-over-websocket.js';
import { sessionUseOf } from './session-use.decorator.js';

/** A request that may carry a session. */
interface Carrier {
  readonly session?: unknown;
  readonly headers?: { readonly cookie?: string };
  readonly url?: string | undefined;
  readonly originalUrl?: string;
}

/**
 * The request behind a context: of HTTP itself, or the one a GraphQL context carries as `req` or `request`;
 * `undefined` where there is none, as for a message of a gateway.
 */
export const requestOf = (context: ArgumentsHost): Carrier | undefined => {
  const type = context.getType<string>();
  if (type === 'http') return context.getArgByIndex<Carrier>(0);
  if (type !== 'graphql') return undefined;
  // the third argument of every resolver
  const shared = context.getArgByIndex<{ req?: Carrier; request?: Carrier } | undefined>(2);
  return shared?.req ?? shared?.request;
};

/** The message where there is no session. */
export const noSession = (context: ExecutionContext): SessionStateError => {
  const place = `${context.getClass().name}.${context.getHandler().name}`;
  const type = context.getType<string>();
  if (sessionUseOf(context.getClass(), context.getHandler()) === 'skip')
    return new SessionStateError(
      `${place} asks for a session and is marked with @SkipSession(); take one of them away`,
    );
  const handshake = handshakeOf(context);
  if (handshake !== undefined)
    return openedFor(context) === 'excluded' ? onExcludedPath(place, handshake) : unguarded(place);
  const request = requestOf(context);
  if (request !== undefined && exchangeOf(request) === undefined && isOfApplicationWithSessions(request))
    return onExcludedPath(place, request);
  if (type === 'graphql' && isSubscription(context))
    return new SessionStateError(
      `${place} has no session: the context of a GraphQL subscription leads to no handshake. Pass its request on, ${PASS_ON}`,
    );
  if (type === 'graphql')
    return new SessionStateError(
      `${place} has no session: its GraphQL context carries no HTTP request. Pass it on, as with ` +
        `GraphQLModule.forRoot({ context: ({ req }) => ({ req }) }); over a WebSocket the handshake, ${PASS_ON}`,
    );
  if (type === 'ws')
    return new SessionStateError(
      `${place} has no session: mark its gateway with @UseSession(), which gives each socket the session of its handshake. ` +
        'Elsewhere load it from the Cookie header with SessionService.loadFromCookieHeader()',
    );
  if (type !== 'http')
    return new SessionStateError(
      `${place} has no session: a context of type "${type}" has no HTTP request. Load it from the Cookie header of ` +
        'the handshake with SessionService.loadFromCookieHeader(), and save it explicitly',
    );
  if (exchangeOf(request as object) !== undefined) return unguarded(place);
  return new SessionStateError(
    `${place} has no session: sessions are off. Set PROJECT_NAME and SECRET_KEY for codexRedisConfig, or give ` +
      'CodexRedisModule.forRoot() session: {} with projectName and secretKey. Where they are on, another application of ' +
      'Express has taken the request: mount that application with app.use(path, application)',
  );
};

const PASS_ON =
  "with Apollo as GraphQLModule.forRoot({ subscriptions: { 'graphql-ws': { context: ({ extra }) => ({ req: extra.request }) } } }), " +
  'with Mercurius as GraphQLModule.forRoot({ subscription: { context: (_connection, request) => ({ request }) } })';

const onExcludedPath = (place: string, request: Pick<Carrier, 'url' | 'originalUrl'>): SessionStateError =>
  new SessionStateError(
    `${place} has no session: its path ${pathOf(request)} is one of session.exclude. Take it out of there, or the session out of the handler`,
  );

const unguarded = (place: string): SessionStateError =>
  new SessionStateError(
    `${place} has no session: no guard has run. With session.mount 'manual' mark the controller with ` +
      '@UseGuards(SessionGuard) and @UseInterceptors(SessionInterceptor)',
  );

const isSubscription = (context: ExecutionContext): boolean =>
  // the fourth argument of every resolver
  context.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3)?.operation?.operation ===
  'subscription';

/** Without the query, which may hold anything. */
const pathOf = ({ originalUrl, url = '/' }: Pick<Carrier, 'url' | 'originalUrl'>): string =>
  (originalUrl ?? url).split('?', 1).join('');
