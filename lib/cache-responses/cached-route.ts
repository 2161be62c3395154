import { type ExecutionContext, RequestMethod } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  GUARDS_METADATA,
  HOST_METADATA,
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { CACHE_KEY, CACHE_RESPONSE, CACHE_TTL } from './cache-response-metadata.js';
import type { CacheResponseInterceptorOptions } from './cache-response-options.js';
import { CacheResponseInterceptor } from './cache-response.interceptor.js';

/** The class and the method of a handler, as a context gives them. */
export type Controller = ReturnType<ExecutionContext['getClass']>;
export type Handler = ReturnType<ExecutionContext['getHandler']>;

/** A handler whose responses are cached. */
export interface CachedRoute {
  /** `Controller.method`. */
  readonly name: string;
  readonly options: CacheResponseInterceptorOptions;
  /** What `@CacheKey()` and `@CacheTTL()` of @nestjs/cache-manager say: a value, or a function of the context. */
  readonly cacheKey: unknown;
  readonly cacheTtl: unknown;
  /** Whether the controller is declared for a host. */
  readonly isForHost: boolean;
  /** Whether guards of its own decide who gets a response. */
  readonly isGuarded: boolean;
  /** Whether what it returns is not what is sent. */
  readonly sendsByItself: boolean;
}

/** @returns `undefined` for a handler whose responses are not cached */
export const cachedRoute = (
  controller: Controller,
  handler: Handler,
  everywhere: CacheResponseInterceptorOptions | undefined,
): CachedRoute | undefined => {
  const own = Reflect.getMetadata(CACHE_RESPONSE, handler) as CacheResponseInterceptorOptions | undefined;
  const levels = [everywhere, ...interceptorOptions(controller), ...interceptorOptions(handler), own].filter(
    (options) => options !== undefined,
  );
  if (levels.length === 0) return undefined;
  return {
    name: `${controller.name}.${handler.name}`,
    options: Object.assign({}, ...levels) as CacheResponseInterceptorOptions,
    cacheKey: Reflect.getMetadata(CACHE_KEY, handler) as unknown,
    cacheTtl:
      own?.timeout === undefined
        ? ((Reflect.getMetadata(CACHE_TTL, handler) ?? Reflect.getMetadata(CACHE_TTL, controller)) as unknown)
        : undefined,
    isForHost: Reflect.getMetadata(HOST_METADATA, controller) !== undefined,
    isGuarded: [handler, controller].some((target) => listAt(GUARDS_METADATA, target).length > 0),
    sendsByItself: sendsByItself(controller, handler),
  };
};

/** Whether a handler is for another method than GET and marked with `@CacheResponse()` all the same. */
export const isWronglyMarked = (handler: Handler): boolean =>
  Reflect.hasMetadata(CACHE_RESPONSE, handler) &&
  ![RequestMethod.GET, RequestMethod.ALL].includes(
    Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod,
  );

/** What those CacheResponseInterceptors say that stand in a list of interceptors. */
export const optionsAmong = (interceptors: readonly unknown[]): readonly CacheResponseInterceptorOptions[] =>
  interceptors.flatMap((interceptor) => {
    if (interceptor instanceof CacheResponseInterceptor) return [interceptor.options];
    return isInterceptorClass(interceptor) ? [{}] : [];
  });

const isInterceptorClass = (interceptor: unknown): boolean =>
  interceptor === CacheResponseInterceptor ||
  (typeof interceptor === 'function' && interceptor.prototype instanceof CacheResponseInterceptor);

const interceptorOptions = (target: object): readonly CacheResponseInterceptorOptions[] =>
  optionsAmong(listAt(INTERCEPTORS_METADATA, target));

const listAt = (key: string, target: object): readonly unknown[] =>
  (Reflect.getMetadata(key, target) ?? []) as readonly unknown[];

const SENDING: readonly number[] = [RouteParamtypes.RESPONSE, RouteParamtypes.NEXT];
const ENDING_OTHERWISE = [SSE_METADATA, RENDER_METADATA, REDIRECT_METADATA];

const sendsByItself = (controller: Controller, handler: Handler): boolean => {
  if (ENDING_OTHERWISE.some((key) => Reflect.hasMetadata(key, handler))) return true;
  const name = methodName(controller, handler);
  const parameters = Object.keys(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as object,
  );
  return (
    parameters.some(isResponse) &&
    Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, name) !== true
  );
};

const isResponse = (kind: string): boolean =>
  !kind.includes(CUSTOM_ROUTE_ARGS_METADATA) && SENDING.includes(Number.parseInt(kind, 10));

/** Nest keeps the parameters of a handler under the name of its property, which a decorator may have hidden. */
const methodName = (controller: Controller, handler: Handler): string => {
  for (let at = controller.prototype as object | null; at !== null; at = Reflect.getPrototypeOf(at))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (value === handler) return name;
  return handler.name;
};
