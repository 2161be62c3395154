import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { ShopSession } from '../shop-session.js';
import { loggedInUser } from './logged-in-user.js';

/** Lets in users who have logged in. */
@Injectable()
export class LoginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<{ session: ShopSession }>();
    loggedInUser(session);
    return true;
  }
}
