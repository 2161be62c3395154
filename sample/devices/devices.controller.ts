import { Controller, Delete, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { Session, SessionService, type UserSession } from 'nestjs-codex-redis';
import { loggedInUser } from '../account/logged-in-user.js';
import type { ShopSession } from '../shop-session.js';

/** The devices on which the user is logged in. Each is one session, named by its handle: no key ever leaves the shop. */
@Controller('api/devices')
export class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  async list(@Session() session: ShopSession): Promise<UserSession[]> {
    return await this.sessions.ofUser(loggedInUser(session), { current: session });
  }

  @Delete(':handle')
  @HttpCode(204)
  async logOut(@Session() session: ShopSession, @Param('handle') handle: string): Promise<void> {
    // finds only sessions of this user
    const wasLoggedIn = await this.sessions.endOne(loggedInUser(session), handle);
    if (!wasLoggedIn) throw new NotFoundException('That device is not logged in.');
  }

  @Post('log-out-everywhere-else')
  @HttpCode(200)
  async logOutOthers(@Session() session: ShopSession): Promise<{ ended: number }> {
    return { ended: await this.sessions.endOfUser(loggedInUser(session), { except: session }) };
  }
}
