import type { ExecutionContext } from '@nestjs/common';
import { SessionStateError } from '../../errors/session.errors.js';
import { sessionUseOf } from './session-use.decorator.js';

/** A request that may carry a session. */
interface Carrier {
  readonly session?: unknown;
  readonly headers?: { readonly cookie?: string };
}

/**
 * The request behind a context: of HTTP itself, or the one a GraphQL context carries as `req` or `request`;
 * `undefined` where there is none, as for a message of a gateway.
 */
export const requestOf = (context: ExecutionContext): Carrier | undefined => {
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
    `${place} has no session. Import CodexRedisModule.forRoot() with the option 'session'; with session.mount ` +
      "'manual' mark the controller with @UseGuards(SessionGuard) and @UseInterceptors(SessionInterceptor)",
  );
};
