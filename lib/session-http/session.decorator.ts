import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session as SessionObject } from '../session/session.js';
import { exchangeOf } from './platforms.js';
import { noSession, requestOf } from './request-session.js';

const fromContext = (name: string | undefined, context: ExecutionContext): unknown => {
  const request = requestOf(context);
  const exchange = request && exchangeOf(request);
  // without the guard a first visit would work, and every later one fail
  const unguarded = exchange?.access === 'unknown' && !exchange.wasLoaded;
  const session = unguarded ? undefined : (request?.session as SessionObject | undefined);
  if (session === undefined) throw noSession(context);
  return name === undefined ? session : session.get(name);
};

/** The session of a visitor; give the types of its entries as `Session<{ visits: number }>`. */
export type Session<T extends object = Record<string, unknown>> = SessionObject<T>;

/**
 * Hands the session of the request to a parameter: `@Session() session: Session`, or one of its entries:
 * `@Session('cart') cart`. Pipes may follow.
 *
 * @throws SessionStateError where there is no session; it says what to do.
 */
export const Session = createParamDecorator(fromContext);

/** Whether the factory of a parameter is that of `@Session()`. */
export const isSessionParameter = (factory: unknown): boolean => factory === fromContext;
