import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { type Controller, type Handler, type HandlerParameter, parametersOf } from '../../common/handlers.js';
import { isSessionParameter, sessionUseOf } from './session-use.decorator.js';

/** The facts about a handler that the guard needs. */
export interface HandlerTraits {
  /** Marked with `@SkipSession()`. */
  readonly skips: boolean;
  /** Has a session parameter or is marked with `@UseSession()`. */
  readonly declares: boolean;
  /** Has a session parameter, of this package or Nest's. */
  readonly hasParameter: boolean;
  /** Has `@Session()` of this package, or is marked with `@UseSession()`. */
  readonly needsSessions: boolean;
}

const known = new WeakMap<Controller, Map<Handler, HandlerTraits>>();

/** The traits of a handler, worked out once. */
export const traitsOf = (controller: Controller, handler: Handler): HandlerTraits => {
  let handlers = known.get(controller);
  if (handlers === undefined) known.set(controller, (handlers = new Map<Handler, HandlerTraits>()));
  let traits = handlers.get(handler);
  if (traits === undefined) handlers.set(handler, (traits = readTraits(controller, handler)));
  return traits;
};

const readTraits = (controller: Controller, handler: Handler): HandlerTraits => {
  const use = sessionUseOf(controller, handler);
  const parameters = parametersOf(controller, handler);
  const hasParameter = parameters.some(isSession);
  return {
    skips: use === 'skip',
    declares: use === 'use' || hasParameter,
    hasParameter,
    needsSessions: use === 'use' || parameters.some(({ factory }) => isSessionParameter(factory)),
  };
};

const SESSION: number = RouteParamtypes.SESSION;

const isSession = ({ type, factory }: HandlerParameter): boolean =>
  type === SESSION || isSessionParameter(factory);
