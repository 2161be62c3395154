import { RequestMethod } from '@nestjs/common';
import {
  GUARDS_METADATA,
  HOST_METADATA,
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  REDIRECT_METADATA,
} from '@nestjs/common/constants.js';
import { type Controller, type Handler, sendsByItself } from '../common/handlers.js';
import { CACHE_KEY, CACHE_RESPONSE, CACHE_TTL } from './cache-response-metadata.js';
import type { CacheResponseInterceptorOptions } from './cache-response-options.js';
import { CacheResponseInterceptor } from './cache-response.interceptor.js';

/** A handler whose responses are cached. */
export interface CachedRoute {
  /** `Controller.method`. */
  readonly name: string;
  readonly options: CacheResponseInterceptorOptions;
  /**
   * The arguments of `@CacheKey()` and `@CacheTTL()` of @nestjs/cache-manager: a value, or a function of the context.
   */
  readonly cacheKey: unknown;
  readonly cacheTtl: unknown;
  /** True if the controller is declared for a host. */
  readonly isForHost: boolean;
  /** True if guards of its own decide who gets a response. */
  readonly isGuarded: boolean;
  /** True if the return value is not what is sent. */
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
    sendsByItself: Reflect.hasMetadata(REDIRECT_METADATA, handler) || sendsByItself(controller, handler),
  };
};

/** True if a handler for another method than GET is marked with `@CacheResponse()`. */
export const isWronglyMarked = (handler: Handler): boolean =>
  Reflect.hasMetadata(CACHE_RESPONSE, handler) &&
  ![RequestMethod.GET, RequestMethod.ALL].includes(
    Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod,
  );

/** The options of each CacheResponseInterceptor in a list of interceptors. */
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
