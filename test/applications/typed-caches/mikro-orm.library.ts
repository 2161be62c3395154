import { it } from 'node:test';
import { BigIntType, Collection, EntitySchema } from '@mikro-orm/core';
import { MikroORM } from '@mikro-orm/libsql';
import { BORN, ISBN, PRINTED, readsBack } from './book.js';

class Author {
  name!: string;
  born!: Date;
}
class Tag {
  word!: string;
  book!: Book;
}
class Book {
  isbn!: bigint;
  title!: string;
  /** MikroORM gives a decimal as text. */
  price!: string;
  printed!: Date;
  returned: Date | null = null;
  secret!: string;
  author!: Author;
  tags = new Collection<Tag>(this);
}

const authors = new EntitySchema<Author>({
  class: Author,
  properties: { name: { type: 'string', primary: true }, born: { type: 'datetime' } },
});
const tagSchema = new EntitySchema<Tag>({
  class: Tag,
  properties: { word: { type: 'string', primary: true }, book: { kind: 'm:1', entity: () => Book } },
});
const books = new EntitySchema<Book>({
  class: Book,
  properties: {
    isbn: { type: new BigIntType('bigint'), primary: true },
    title: { type: 'string' },
    price: { type: 'decimal', columnType: 'text' },
    printed: { type: 'datetime' },
    returned: { type: 'datetime', nullable: true },
    secret: { type: 'string' },
    author: { kind: 'm:1', entity: () => Author },
    tags: { kind: '1:m', entity: () => Tag, mappedBy: 'book', orderBy: { word: 'desc' } },
  },
});

it('DE5 stores entities of MikroORM', async () => {
  const orm = await MikroORM.init({ dbName: ':memory:', entities: [authors, books, tagSchema] });
  try {
    await orm.schema.createSchema();
    const em = orm.em.fork();
    const author = em.create(Author, { name: 'Austen', born: BORN });
    const book = em.create(Book, {
      isbn: ISBN,
      title: 'Emma',
      price: '12.50',
      printed: PRINTED,
      returned: null,
      secret: 'x',
      author,
    });
    for (const word of ['novel', 'classic']) em.create(Tag, { word, book });
    await em.flush();
    await readsBack(
      await orm.em.fork().findOneOrFail(Book, { isbn: ISBN }, { populate: ['author', 'tags'] }),
    );
  } finally {
    await orm.close();
  }
});
