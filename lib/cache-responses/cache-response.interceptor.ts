import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Optional,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { isAttended } from './attended-requests.js';
import { type CacheResponseInterceptorOptions, checkResponseOptions } from './cache-response-options.js';

/**
 * Caches the responses of all GET handlers it is applied to: of the whole application with `APP_INTERCEPTOR` or
 * `app.useGlobalInterceptors()`, of a controller or handler with `@UseInterceptors()`. It replaces the CacheInterceptor
 * of @nestjs/cache-manager, and obeys its `@CacheKey()` and `@CacheTTL()` (milliseconds). The options of
 * `@CacheResponse()` on a handler override it.
 *
 * As a class it has no options; use `new CacheResponseInterceptor({ … })` for them.
 *
 * @throws TypeError for invalid options.
 */
@Injectable()
export class CacheResponseInterceptor implements NestInterceptor {
  readonly options: CacheResponseInterceptorOptions;

  constructor(@Optional() options: CacheResponseInterceptorOptions = {}) {
    checkResponseOptions('CacheResponseInterceptor', options);
    this.options = options;
  }

  /**
   * Wherever it stands among other interceptors, CodexRedisModule has put the one that caches before all of them, so that
   * what is stored is what a client gets; this one only says for which handlers.
   */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http' && !isAttended(context.switchToHttp().getRequest<object>()))
      throw new ImproperlyConfiguredError(
        `${context.getClass().name}.${context.getHandler().name} is to be cached, and nothing caches it: import ` +
          'CodexRedisModule.forRoot() or forRootAsync() once, in the root module, and register a CacheResponseInterceptor ' +
          'that a factory makes without `scope: Scope.REQUEST`',
      );
    return next.handle();
  }
}
