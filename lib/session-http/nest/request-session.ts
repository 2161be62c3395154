import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import { SessionStateError } from '../../errors/session.errors.js';
import { exchangeOf, isOfApplicationWithSessions } from '../platform/platforms.js';
import { sessionUseOf } from './session-use.decorator.js';

/** A request that may carry a session. */
interface Carrier {
  readonly session?: unknown;
  readonly headers?: { readonly cookie?: string };
  readonly url?: string;
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

/** What to tell somebody who looks for a session where there is none. */
export const noSession = (context: ExecutionContext): SessionStateError => {
  const place = `${context.getClass().name}.${context.getHandler().name}`;
  const type = context.getType<string>();
  if (sessionUseOf(context.getClass(), context.getHandler()) === 'skip')
    return new SessionStateError(
      `${place} asks for a session and is marked with @SkipSession(); take one of them away`,
    );
  const request = requestOf(context);
  if (request !== undefined && exchangeOf(request) === undefined && isOfApplicationWithSessions(request))
    return new SessionStateError(
      `${place} has no session: its path ${pathOf(request)} is one of session.exclude. Take it out of there, or the session out of the handler`,
    );
  if (type === 'graphql' && isSubscription(context))
    return new SessionStateError(
      `${place} has no session: the connection of a GraphQL subscription carries no HTTP request. Load the session in ` +
        "the driver's onConnect, from the Cookie header of the handshake, with SessionService.loadFromCookieHeader()",
    );
  if (type === 'graphql')
    return new SessionStateError(
      `${place} has no session: its GraphQL context carries no HTTP request. Pass it on, as with ` +
        'GraphQLModule.forRoot({ context: ({ req }) => ({ req }) })',
    );
  if (type !== 'http')
    return new SessionStateError(
      `${place} has no session: a context of type "${type}" has no HTTP request. Load it from the Cookie header of ` +
        'the handshake with SessionService.loadFromCookieHeader(), and save it explicitly',
    );
  return new SessionStateError(
    exchangeOf(request as object) === undefined
      ? `${place} has no session: sessions are off. Set PROJECT_NAME and SECRET_KEY for codexRedisConfig, or give ` +
          'CodexRedisModule.forRoot() session: {} with projectName and secretKey'
      : `${place} has no session: no guard has run. With session.mount 'manual' mark the controller with ` +
          '@UseGuards(SessionGuard) and @UseInterceptors(SessionInterceptor)',
  );
};

const isSubscription = (context: ExecutionContext): boolean =>
  // the fourth argument of every resolver
  context.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3)?.operation?.operation ===
  'subscription';

/** Without the query, which may hold anything. */
const pathOf = ({ originalUrl, url = '/' }: Carrier): string => (originalUrl ?? url).split('?', 1).join('');
