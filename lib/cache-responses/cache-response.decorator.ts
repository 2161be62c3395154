import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { CACHE_RESPONSE } from './cache-response-metadata.js';
import { CacheResponseInterceptor } from './cache-response.interceptor.js';
import { type CacheResponseOptions, checkResponseOptions } from './cache-response-options.js';

/**
 * Caches the responses of a GET handler. The first request runs the handler; later ones get the stored response. Guards
 * run on every request; interceptors, pipes and the handler run on a miss only. A HEAD request is answered from a
 * stored GET, and a matching `If-None-Match` with 304.
 *
 * A response that may belong to one visitor is not stored: see `scope`. `Cache-Status` tells for each response whether
 * it came from the cache, and why not.
 *
 * @throws TypeError for invalid options. ImproperlyConfiguredError, when the application starts, on a handler that is
 *   not for GET.
 */
export const CacheResponse = (options: CacheResponseOptions): MethodDecorator => {
  checkResponseOptions('@CacheResponse()', options);
  return applyDecorators(SetMetadata(CACHE_RESPONSE, options), UseInterceptors(CacheResponseInterceptor));
};
