import 'reflect-metadata';
import { it } from 'node:test';
import { Decimal } from 'nestjs-codex-redis/cache-coder';
import { Column, DataSource, Entity, ManyToOne, OneToMany, PrimaryColumn, type Relation } from 'typeorm';
import { BORN, ISBN, PRINTED, readsBack } from './book.js';

const asText = <T>(from: (text: string) => T) => ({
  to: (value: T): string => String(value),
  from,
});

@Entity()
class Author {
  @PrimaryColumn('varchar') name!: string;
  @Column('datetime') born!: Date;
  greet(): string {
    return this.name;
  }
}

@Entity()
class Book {
  @PrimaryColumn('varchar', { transformer: asText(BigInt) }) isbn!: bigint;
  @Column('varchar') title!: string;
  @Column('varchar', { transformer: asText((text) => new Decimal(text)) }) price!: Decimal;
  @Column('datetime') printed!: Date;
  @Column('datetime', { nullable: true }) returned!: Date | null;
  @Column('varchar') secret!: string;
  @ManyToOne(() => Author, { cascade: true }) author!: Relation<Author>;
  @OneToMany(() => Tag, (tag) => tag.book, { cascade: true }) tags!: Relation<Tag[]>;
}

@Entity()
class Tag {
  @PrimaryColumn('varchar') word!: string;
  @ManyToOne(() => Book, (book) => book.tags) book!: Relation<Book>;
}

it('DE5 stores entities of TypeORM', async () => {
  const source = new DataSource({ type: 'sqljs', entities: [Author, Book, Tag], synchronize: true });
  await source.initialize();
  try {
    const books = source.getRepository(Book);
    const tags = ['novel', 'classic'].map((word) => source.getRepository(Tag).create({ word }));
    const author = { name: 'Austen', born: BORN };
    const price = new Decimal('12.50');
    await books.save(
      books.create({
        isbn: ISBN,
        title: 'Emma',
        price,
        printed: PRINTED,
        returned: null,
        secret: 'x',
        author,
        tags,
      }),
    );
    const found = await books.findOneOrFail({
      where: { isbn: ISBN },
      relations: { author: true, tags: true },
      order: { tags: { word: 'DESC' } },
    });
    await readsBack(found);
  } finally {
    await source.destroy();
  }
});
