import { Injectable } from '@nestjs/common';
import { CacheService, defineCache, InjectTypedCache, type TypedCacheOf } from 'nestjs-codex-redis';
import { CacheCoder } from 'nestjs-codex-redis/cache-coder';
import { BookDatabase } from './book-database.js';
import type { Book } from './books.js';

/** Everything in the cache that shows books carries this tag. */
export const BOOKS_TAG = 'books';

export const bookCache = defineCache({
  name: 'book',
  key: (id: string) => id,
  shape: CacheCoder.shape({
    id: 'string',
    title: 'string',
    author: 'string',
    year: 'number',
    priceInCents: 'number',
  }),
  tags: [BOOKS_TAG],
});

@Injectable()
export class CatalogueService {
  constructor(
    private readonly cache: CacheService,
    @InjectTypedCache(bookCache) private readonly books: TypedCacheOf<typeof bookCache>,
    private readonly database: BookDatabase,
  ) {}

  /** All books of the database. Each is stored in the cache for the carts. */
  async list(): Promise<readonly Book[]> {
    const books = await this.database.findAll();
    await this.books.setMany(books.map((book) => [book.id, book]));
    return books;
  }

  async find(id: string): Promise<Book | undefined> {
    const found = await this.books.getOrSetMany([id], (ids) => this.database.find(ids));
    return found.get(id);
  }

  /** Changes the prices in the database, then invalidates everything that shows them. */
  async changePrices(): Promise<void> {
    this.database.changePrices();
    await this.cache.invalidateTags(BOOKS_TAG);
  }

  /** Empties the shop's cache and nothing else in this Redis. */
  async clear(): Promise<number> {
    return await this.cache.clear();
  }
}
