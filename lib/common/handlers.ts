import type { ExecutionContext } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';

/** The class and the method of a handler, as a context gives them. */
export type Controller = ReturnType<ExecutionContext['getClass']>;
export type Handler = ReturnType<ExecutionContext['getHandler']>;

/** A decorated parameter of a handler. */
export interface HandlerParameter {
  /**
   * The value of RouteParamtypes that Nest gives there; `undefined` for the decorators of `createParamDecorator()`.
   */
  readonly type: number | undefined;
  /** The function that was given to `createParamDecorator()`. */
  readonly factory: unknown;
}

const SENDING: readonly (number | undefined)[] = [RouteParamtypes.RESPONSE, RouteParamtypes.NEXT];

export const parametersOf = (controller: Controller, handler: Handler): HandlerParameter[] =>
  Object.entries(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, propertyOf(controller, handler)) ?? {}) as Record<
      string,
      { readonly factory?: unknown }
    >,
  ).map(([kind, { factory }]) => ({
    type: kind.includes(CUSTOM_ROUTE_ARGS_METADATA) ? undefined : Number.parseInt(kind, 10),
    factory,
  }));

/** True if a handler sends its response by itself, so that its return says nothing about the end of its work. */
export const sendsByItself = (controller: Controller, handler: Handler): boolean =>
  Reflect.hasMetadata(SSE_METADATA, handler) ||
  Reflect.hasMetadata(RENDER_METADATA, handler) ||
  (parametersOf(controller, handler).some(({ type }) => SENDING.includes(type)) &&
    Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, propertyOf(controller, handler)) !== true);

/** Nest keeps what it knows of a handler's parameters under the name of its property, which a decorator may have hidden. */
const propertyOf = (controller: Controller, handler: Handler): string => {
  for (let at = controller.prototype as object | null; at !== null; at = Reflect.getPrototypeOf(at))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (value === handler) return name;
  return handler.name;
};
