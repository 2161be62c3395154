import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { ShopSession } from '../shop-session.js';

/** Lets in users who have logged in. */
@Injectable()
export class LoginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<{ session: ShopSession }>();
    if (session.userName === undefined) throw new UnauthorizedException('Please log in first.');
    return true;
  }
}
