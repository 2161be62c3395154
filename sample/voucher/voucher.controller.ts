import { Body, Controller, HttpCode, NotFoundException, Post, UseGuards } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import { Session } from 'nestjs-codex-redis';
import type { ShopSession } from '../shop-session.js';

const DISCOUNTS: ReadonlyMap<unknown, number> = new Map([['CODEX10', 10]]);

/** Redeems vouchers. Guessing codes is rate limited. */
@Controller('api/voucher')
@UseGuards(ThrottlerGuard)
export class VoucherController {
  @Post()
  @HttpCode(200)
  redeem(
    @Session() session: ShopSession,
    @Body() body: { code?: unknown } | null | undefined,
  ): { discount: number } {
    const discount = DISCOUNTS.get(body?.code);
    if (discount === undefined) throw new NotFoundException('There is no such voucher.');
    session.discount = discount;
    return { discount };
  }
}
