import { randomInt, randomUUID } from 'node:crypto';
import { BadRequestException, ConflictException, Injectable, NotFoundException } from '@nestjs/common';
import { CacheService } from 'nestjs-codex-redis';
import { CatalogueService } from '../catalogue/catalogue.service.js';
import type { Book } from '../catalogue/books.js';
import type { ShopSession } from '../shop-session.js';

export interface Cart {
  readonly items: readonly { readonly book: Book; readonly quantity: number }[];
  readonly count: number;
  readonly discount: number;
  readonly totalInCents: number;
}

const MOST_BOOKS = 99;

@Injectable()
export class CartService {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly cache: CacheService,
  ) {}

  async add(session: ShopSession, bookId: string): Promise<void> {
    if ((await this.catalogue.find(bookId)) === undefined)
      throw new NotFoundException('There is no such book.');
    if (linesOf(session).length >= MOST_BOOKS) throw new BadRequestException('The cart is full.');
    session.set(`cart.${randomUUID()}`, bookId);
  }

  /** Removes one copy. It picks a random one, so that two tabs rarely remove the same one. */
  remove(session: ShopSession, bookId: string): void {
    const lines = linesOf(session).filter((name) => session.get(name) === bookId);
    const line = lines[randomInt(Math.max(1, lines.length))];
    if (line !== undefined) session.delete(line);
  }

  /** Orders the content of the cart and empties it. A second click or tab at the same time orders nothing. */
  async order(session: ShopSession): Promise<Cart> {
    const cart = await this.show(session);
    if (cart.count === 0) throw new BadRequestException('There is nothing in the cart.');
    if (!(await this.cache.add(`ordering:${session.userName ?? ''}`, true, '2s')))
      throw new ConflictException('An order is in progress.');
    this.empty(session);
    return cart;
  }

  private empty(session: ShopSession): void {
    for (const line of linesOf(session)) session.delete(line);
    session.delete('discount');
  }

  async show(session: ShopSession): Promise<Cart> {
    const quantities = new Map<string, number>();
    for (const line of linesOf(session)) {
      const bookId = session.get(line) ?? '';
      quantities.set(bookId, (quantities.get(bookId) ?? 0) + 1);
    }
    const items = [];
    for (const [bookId, quantity] of quantities) {
      const book = await this.catalogue.find(bookId);
      if (book !== undefined) items.push({ book, quantity });
    }
    const discount = session.discount ?? 0;
    const sum = items.reduce((cents, { book, quantity }) => cents + book.priceInCents * quantity, 0);
    return {
      items,
      count: items.reduce((count, { quantity }) => count + quantity, 0),
      discount,
      totalInCents: Math.round((sum * (100 - discount)) / 100),
    };
  }
}

type Line = `cart.${string}`;

const linesOf = (session: ShopSession): Line[] =>
  session.keys().filter((name): name is Line => name.startsWith('cart.'));
