import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import type { CodexRedisSettings } from '../../config/settings.js';
import { SETTINGS } from '../../tokens/internal-tokens.js';
import { exchangeOf } from '../platform/platforms.js';

/**
 * Has the session saved before what a handler returned is sent, so that a failure passes the exception filters as any
 * other error does; for `session.mount: 'manual'`, together with SessionGuard. What a handler sends by itself, and all
 * that ends without one, is committed by the gate on the response.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  constructor(@Inject(SETTINGS) private readonly settings: CodexRedisSettings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const values = next.handle();
    // the resolvers of one GraphQL request share its session, which is committed with their response
    if (this.settings.session === null || context.getType() !== 'http') return values;
    const request = context.switchToHttp().getRequest<object>();
    return values.pipe(tap({ complete: () => exchangeOf(request)?.access.noteReturn() }));
  }
}
