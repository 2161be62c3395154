import {
  CUSTOM_ROUTE_ARGS_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { type Controller, type Handler, isSessionParameter, sessionUseOf } from './session-use.decorator.js';

const SESSION: number = RouteParamtypes.SESSION;
const SENDING: readonly number[] = [RouteParamtypes.RESPONSE, RouteParamtypes.NEXT];

/** What the guard and the interceptor need to know of a handler. */
export interface HandlerTraits {
  /** Marked with `@SkipSession()`. */
  readonly skips: boolean;
  /** Has a session parameter or is marked with `@UseSession()`. */
  readonly declares: boolean;
  /** Has a session parameter, of this package or Nest's. */
  readonly hasParameter: boolean;
  /** Has `@Session()` of this package, or is marked with `@UseSession()`. */
  readonly needsSessions: boolean;
  /** Sends its response by itself, so that its return says nothing about the end of its work. */
  readonly sendsByItself: boolean;
}

interface Parameter {
  readonly factory?: unknown;
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
  const name = methodName(controller, handler);
  const parameters = Object.entries(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, Parameter>,
  );
  const hasParameter = parameters.some(([kind, parameter]) => isSession(kind, parameter));
  return {
    skips: use === 'skip',
    declares: use === 'use' || hasParameter,
    hasParameter,
    needsSessions:
      use === 'use' ||
      parameters.some(([kind, { factory }]) => isCustom(kind) && isSessionParameter(factory)),
    sendsByItself:
      Reflect.hasMetadata(SSE_METADATA, handler) ||
      Reflect.hasMetadata(RENDER_METADATA, handler) ||
      (parameters.some(([kind]) => isResponse(kind)) &&
        Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, name) !== true),
  };
};

/** Nest keeps the parameters of a handler under the name of its property, which a decorator may have hidden. */
const methodName = (controller: Controller, handler: Handler): string => {
  for (let at = controller.prototype as object | null; at !== null; at = Reflect.getPrototypeOf(at))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (value === handler) return name;
  return handler.name;
};

const isCustom = (kind: string): boolean => kind.includes(CUSTOM_ROUTE_ARGS_METADATA);

const isSession = (kind: string, { factory }: Parameter): boolean =>
  isCustom(kind) ? isSessionParameter(factory) : Number.parseInt(kind, 10) === SESSION;

const isResponse = (kind: string): boolean => !isCustom(kind) && SENDING.includes(Number.parseInt(kind, 10));
