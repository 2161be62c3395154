import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type Book, BOOKS } from './books.js';

const RISE_IN_CENTS = 100;

/** A database that takes its time. */
@Injectable()
export class BookDatabase {
  static readonly QUERY_MS = 800;
  #books = BOOKS;

  async findAll(): Promise<readonly Book[]> {
    await pause(BookDatabase.QUERY_MS);
    return this.#books;
  }

  async find(ids: readonly string[]): Promise<[string, Book][]> {
    const books = await this.findAll();
    return books.filter(({ id }) => ids.includes(id)).map((book) => [book.id, book]);
  }

  changePrices(): void {
    this.#books = this.#books.map((book) => ({ ...book, priceInCents: book.priceInCents + RISE_IN_CENTS }));
  }
}
