import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

/** Refuses what a page of another origin sends in the visitor's name. Other clients than browsers do not say. */
@Injectable()
export class SameOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const { method = '', headers } = context.switchToHttp().getRequest<IncomingMessage>();
    if (['GET', 'HEAD'].includes(method)) return true;
    return ['same-origin', 'none', undefined].includes(headers['sec-fetch-site']);
  }
}
