import { UnauthorizedException } from '@nestjs/common';
import type { ShopSession } from '../shop-session.js';

/** Returns the name of the user who has logged in. Throws a 401 for everybody else. */
export const loggedInUser = ({ userName }: ShopSession): string => {
  if (userName === undefined) throw new UnauthorizedException('Please log in first.');
  return userName;
};
