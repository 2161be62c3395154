import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session as SessionObject } from '../../session/object/session.js';
import { traitsOf } from './handler-traits.js';
import { exchangeOf } from '../platform/platforms.js';
import { noSession, requestOf } from './request-session.js';
import { asSessionParameter } from './session-use.decorator.js';

const fromContext = asSessionParameter((name: string | undefined, context: ExecutionContext): unknown => {
  const session = sessionIn(context);
  if (session === undefined) throw noSession(context);
  return name === undefined ? session : session.get(name);
});

const sessionIn = (context: ExecutionContext): SessionObject | undefined => {
  const request = requestOf(context);
  if (request === undefined || traitsOf(context.getClass(), context.getHandler()).skips) return undefined;
  const exchange = exchangeOf(request);
  if (exchange === undefined) return request.session as SessionObject | undefined;
  // without the guard a first visit would work, and every later one fail
  return exchange.isUnguarded ? undefined : exchange.visibleSession;
};

const fromNest = createParamDecorator(fromContext);

/** As this version of Nest has it: 11 and 12 differ. */
type SessionDecorator = ReturnType<typeof createParamDecorator<string | undefined, unknown>>;

/** The session of a visitor; give the types of its entries as `Session<{ visits: number }>`. */
export type Session<T extends object = Record<string, unknown>> = SessionObject<T>;

/**
 * Hands the session of the request to a parameter: `@Session() session: Session`, or one of its entries:
 * `@Session('cart') cart`. Pipes may follow.
 *
 * @throws SessionStateError where there is no session; it says what to do.
 */
export const Session: SessionDecorator = (...dataOrPipes) => {
  const decorate = fromNest(...dataOrPipes);
  return (target, method, index) => {
    decorate(target, method, index);
    if (method !== undefined) forgetType(target, method, index);
  };
};

/**
 * SWC takes the decorator for the type of its parameter, since both have one name, and Nest's ValidationPipe would make an
 * instance of it.
 */
const forgetType = (target: object, method: string | symbol, index: number): void => {
  const types = Reflect.getMetadata('design:paramtypes', target, method) as unknown[] | undefined;
  if (types?.[index] === Session) types[index] = Object;
};
