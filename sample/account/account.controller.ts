import { createHash } from 'node:crypto';
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Post,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { minutes, Throttle, ThrottlerGuard } from '@nestjs/throttler';
import { Session } from 'nestjs-codex-redis';
import type { ShopSession } from '../shop-session.js';
import { deviceNameOf } from './device-name.js';
import { Users } from './users.js';

interface Account {
  readonly userName: string | null;
  /** Changes with the session key. The key itself is only in the HttpOnly cookie. */
  readonly sessionMark: string | null;
}

@Controller('api/account')
export class AccountController {
  constructor(private readonly users: Users) {}

  @Get()
  show(@Session() session: ShopSession): Account {
    return { userName: session.userName ?? null, sessionMark: markOf(session.key) };
  }

  @Post('login')
  @UseGuards(ThrottlerGuard)
  @Throttle({ default: { limit: 20, ttl: minutes(1) } })
  @HttpCode(204)
  async login(
    @Session() session: ShopSession,
    @Body() body: { name?: unknown; password?: unknown } | null | undefined,
    @Headers('user-agent') userAgent?: string,
  ): Promise<void> {
    const { name, password } = body ?? {};
    if (typeof name !== 'string' || typeof password !== 'string' || !this.users.matches(name, password))
      throw new UnauthorizedException('The name or password is wrong.');
    await session.signIn(name, { device: deviceNameOf(userAgent) });
    session.userName = name;
  }

  @Post('logout')
  @HttpCode(204)
  async logout(@Session() session: ShopSession): Promise<void> {
    await session.flush();
  }
}

const markOf = (key: string | null): string | null =>
  key === null ? null : createHash('sha256').update(key).digest('hex').slice(0, 8);
