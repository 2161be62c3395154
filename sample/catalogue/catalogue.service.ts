import { Injectable } from '@nestjs/common';
import { CacheService } from 'nestjs-codex-redis';
import { BookDatabase } from './book-database.js';
import type { Book } from './books.js';

export interface Listing {
  readonly books: readonly Book[];
  readonly source: 'cache' | 'database';
  readonly tookMs: number;
}

const KEY = 'books:all';

@Injectable()
export class CatalogueService {
  #queries = 0;

  constructor(
    private readonly cache: CacheService,
    private readonly database: BookDatabase,
  ) {}

  /** All books, from the cache or from the database. Books from the database are stored in the cache. */
  async list(): Promise<Listing> {
    const start = performance.now();
    const before = this.#queries;
    const books = await this.#allBooks();
    // a request that waited for another one's query counts as a database read too
    const source = this.#queries === before ? 'cache' : 'database';
    const tookMs = Math.round((performance.now() - start) * 10) / 10;
    return { books, source, tookMs };
  }

  async find(id: string): Promise<Book | undefined> {
    const books = await this.#allBooks();
    return books.find((book) => book.id === id);
  }

  /** Deletes the entries of the shop's cache, and nothing else in this Redis. */
  async clear(): Promise<number> {
    return await this.cache.clear();
  }

  async #allBooks(): Promise<readonly Book[]> {
    return await this.cache.getOrSet(KEY, async () => {
      const books = await this.database.findAll();
      this.#queries += 1;
      return books;
    });
  }
}
