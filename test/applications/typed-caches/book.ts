import { CodexRedisModule, defineCache, getTypedCacheToken, type TypedCacheOf } from 'nestjs-codex-redis';
import { CacheCoder, Decimal } from 'nestjs-codex-redis/cache-coder';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import assert from 'node:assert/strict';

/** An entity with a relation, a Decimal column, a bigint and dates. */
export const bookCache = defineCache({
  name: 'book',
  key: (isbn: bigint) => isbn,
  shape: CacheCoder.shape({
    isbn: 'bigint',
    title: 'string',
    price: 'decimal',
    printed: 'datetime',
    returned: ['nullable', 'datetime'],
    author: { name: 'string', born: 'datetime' },
    tags: ['list', { word: 'string' }],
  }),
});
export type Books = TypedCacheOf<typeof bookCache>;

export const ISBN = 9_780_141_439_587n;
export const PRINTED = new Date('2023-11-14T22:13:20.123Z');
export const BORN = new Date('1775-12-16T00:00:00Z');

export const EXPECTED = {
  isbn: ISBN,
  title: 'Emma',
  price: new Decimal('12.5'),
  printed: PRINTED,
  returned: null,
  author: { name: 'Austen', born: BORN },
  tags: [{ word: 'novel' }, { word: 'classic' }],
};

@Module({
  imports: [CodexRedisModule.forRoot({ url: 'memory:' }), CodexRedisModule.forFeature([bookCache])],
})
class Shop {}

type Book = Parameters<Books['set']>[1];

/** Stores an entity and reads it back: equal by value, and free of the mapper's class. */
export const readsBack = async (entity: Book): Promise<void> => {
  const app = await NestFactory.createApplicationContext(Shop, { logger: false });
  try {
    const books = app.get<Books>(getTypedCacheToken(bookCache) as never, { strict: false });
    const made = await books.getOrSet(ISBN, () => entity);
    const hit = await books.getOrSet(ISBN, () => Promise.reject(new Error('no hit')));
    for (const book of [made, hit, await books.get(ISBN)]) {
      assert.deepStrictEqual(book, EXPECTED);
      assert.ok(book?.price instanceof Decimal && book.printed instanceof Date);
    }
  } finally {
    await app.close();
  }
};
