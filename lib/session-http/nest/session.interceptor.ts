import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Observable } from 'rxjs';
import type { CodexRedisSettings } from '../../config/settings.js';
import { SETTINGS } from '../../tokens/internal-tokens.js';
import { traitsOf } from './handler-traits.js';
import { exchangeOf } from '../platform/platforms.js';
import { workBeforeReply } from './commit-before-reply.js';
import type { BodyWriter } from './sendable-body.js';
import type { SessionExchange } from '../session-exchange.js';

/**
 * Commits the session once a handler is done, so that a failure passes the exception filters as any other error
 * does; for `session.mount: 'manual'`, together with SessionGuard. What a handler sends by itself, and all that
 * ends without one, is committed by the gate on the response.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  constructor(@Inject(SETTINGS) private readonly settings: CodexRedisSettings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const values = next.handle();
    // the resolvers of one GraphQL request share its session, which is committed with their response
    if (this.settings.session === null || context.getType() !== 'http') return values;
    const exchange = exchangeOf(context.switchToHttp().getRequest<object>());
    if (exchange === undefined || traitsOf(context.getClass(), context.getHandler()).sendsByItself)
      return values;
    return committedBeforeCompletion(values, exchange, context.switchToHttp().getResponse<BodyWriter>());
  }
}

const committedBeforeCompletion = (
  values: Observable<unknown>,
  exchange: SessionExchange,
  writer: BodyWriter,
): Observable<unknown> =>
  new Observable((subscriber) => {
    let last: unknown;
    return values.subscribe({
      next: (value) => {
        last = value;
        subscriber.next(value);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => {
        const work = workBeforeReply(exchange, writer, last);
        if (work === undefined) subscriber.complete();
        else
          work.then(
            () => subscriber.complete(),
            (error: unknown) => subscriber.error(error),
          );
      },
    });
  });
