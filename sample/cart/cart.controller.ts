import { Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { Session } from 'nestjs-codex-redis';
import { LoginGuard } from '../account/login.guard.js';
import type { ShopSession } from '../shop-session.js';
import { type Cart, CartService } from './cart.service.js';

@Controller('api/cart')
export class CartController {
  constructor(private readonly cart: CartService) {}

  @Get()
  async show(@Session() session: ShopSession): Promise<Cart> {
    return await this.cart.show(session);
  }

  @Post('books/:id')
  @HttpCode(200)
  async add(@Session() session: ShopSession, @Param('id') bookId: string): Promise<Cart> {
    await this.cart.add(session, bookId);
    return await this.cart.show(session);
  }

  @Delete('books/:id')
  async remove(@Session() session: ShopSession, @Param('id') bookId: string): Promise<Cart> {
    this.cart.remove(session, bookId);
    return await this.cart.show(session);
  }

  @Post('order')
  @UseGuards(LoginGuard)
  @HttpCode(200)
  async order(@Session() session: ShopSession): Promise<Cart> {
    return await this.cart.order(session);
  }
}
