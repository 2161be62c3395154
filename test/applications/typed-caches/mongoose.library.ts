import { it } from 'node:test';
import mongoose from 'mongoose';
import { BORN, ISBN, PRINTED, readsBack } from './book.js';

const Author = mongoose.model(
  'Author',
  new mongoose.Schema({ name: { type: String, required: true }, born: { type: Date, required: true } }),
);

interface Book {
  isbn: bigint;
  title: string;
  price: mongoose.Types.Decimal128;
  printed: Date;
  returned: Date | null;
  secret: string;
  author: { name: string; born: Date };
  tags: { word: string }[];
}
const Book = mongoose.model(
  'Book',
  new mongoose.Schema<Book>({
    isbn: BigInt,
    title: String,
    price: mongoose.Schema.Types.Decimal128,
    printed: Date,
    returned: Date,
    secret: String,
    author: { type: mongoose.Schema.Types.ObjectId, ref: 'Author' },
    tags: [{ word: String }],
  }),
);

it('DE5 stores documents of mongoose', async () => {
  const author = new Author({ name: 'Austen', born: BORN });
  const tags = [{ word: 'novel' }, { word: 'classic' }];
  const price = mongoose.Types.Decimal128.fromString('12.50');
  await readsBack(
    new Book({
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
});
