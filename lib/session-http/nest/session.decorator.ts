import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session as SessionObject } from '../../session/object/session.js';
import { sessionIn } from './session-in.js';
import { asSessionParameter } from './session-use.decorator.js';

const fromContext = asSessionParameter((name: string | undefined, context: ExecutionContext): unknown => {
  const session = sessionIn(context);
  return name === undefined ? session : session.get(name);
});

const fromNest = createParamDecorator(fromContext);

/** As this version of Nest has it: 11 and 12 differ. */
type SessionDecorator = ReturnType<typeof createParamDecorator<string | undefined, unknown>>;

/** The session of a visitor. Declare the types of its entries as `Session<{ visits: number }>`. */
export type Session<T extends object = Record<string, unknown>> = SessionObject<T>;

/**
 * Passes the session of the request to a parameter (`@Session() session: Session`), or one of its entries
 * (`@Session('cart') cart`). Pipes may follow.
 *
 * @throws SessionStateError if there is no session. It says what to do.
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
