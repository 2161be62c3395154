export interface Book {
  readonly id: string;
  readonly title: string;
  readonly author: string;
  readonly year: number;
  readonly priceInCents: number;
}

const book = (id: string, title: string, author: string, year: number, priceInCents: number): Book => ({
  id,
  title,
  author,
  year,
  priceInCents,
});

/** The content of the shop's database. */
export const BOOKS: readonly Book[] = [
  book('moby-dick', 'Moby-Dick', 'Herman Melville', 1851, 1490),
  book('emma', 'Emma', 'Jane Austen', 1815, 1150),
  book('frankenstein', 'Frankenstein', 'Mary Shelley', 1818, 990),
  book('walden', 'Walden', 'Henry David Thoreau', 1854, 1275),
  book('middlemarch', 'Middlemarch', 'George Eliot', 1871, 1690),
  book('flatland', 'Flatland', 'Edwin A. Abbott', 1884, 850),
  book('the-time-machine', 'The Time Machine', 'H. G. Wells', 1895, 920),
  book('jane-eyre', 'Jane Eyre', 'Charlotte Brontë', 1847, 1320),
];
