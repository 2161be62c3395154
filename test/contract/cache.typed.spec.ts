import { Logger } from '@nestjs/common';
import { defineCache, type StandardSchema, TypedCache } from 'nestjs-codex-redis';
import { CacheCoder, Decimal } from 'nestjs-codex-redis/cache-coder';
import { describeOnEveryStore } from '../support/store-suite.js';

class Author {
  constructor(
    readonly name: string,
    readonly born: Date,
  ) {}
  greet(): string {
    return this.name;
  }
}

/** As an ORM makes it: getters, methods, and columns that nobody named. */
class Book {
  readonly secret = Symbol('of the ORM');
  #title = 'Emma';
  constructor(
    readonly id: bigint,
    readonly price: Decimal | string,
    readonly author: Author | null,
  ) {}
  get title(): string {
    return this.#title;
  }
  save(): void {
    this.#title = '';
  }
}

const books = defineCache({
  name: 'book',
  key: (id: bigint) => id.toString(),
  shape: CacheCoder.shape({
    id: 'bigint',
    title: 'string',
    price: 'decimal',
    author: ['nullable', { name: 'string', born: 'datetime' }],
  }),
  timeout: 60,
});

const austen = new Author('Austen', new Date('1775-12-16T00:00:00Z'));
const emma = new Book(2n ** 60n, new Decimal('12.50'), austen);
const read = {
  id: 2n ** 60n,
  title: 'Emma',
  price: new Decimal('12.5'),
  author: { name: 'Austen', born: new Date('1775-12-16T00:00:00Z') },
};

interface Stored {
  at: string;
}
interface Visit {
  at: Date;
}

/** Takes ISO text, gives a Date. */
const visitSchema: StandardSchema<Stored, Visit> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const at = new Date((value as Partial<Stored> | undefined)?.at ?? '');
      return Number.isNaN(at.getTime()) ? { issues: [{ path: ['at'] }] } : { value: { at } };
    },
  },
};
const visits = defineCache({ name: 'visit', key: (user: string) => ['of', user], schema: visitSchema });

describeOnEveryStore('A typed cache', (context) => {
  beforeAll(() => void Logger.overrideLogger(false));
  afterAll(() => void Logger.overrideLogger(['warn']));

  const open = <Id, In, Out>(
    definition: ConstructorParameters<typeof TypedCache<Id, In, Out>>[0],
  ): TypedCache<Id, In, Out> => new TypedCache(definition, () => context.cache);

  it('DE5 stores class instances by the fields of a shape, and gives back their values', async () => {
    const cache = open(books);
    const made = await cache.getOrSet(emma.id, () => emma);
    const hit = await cache.getOrSet(emma.id, () => Promise.reject(new Error('no miss')));
    expect([made, hit, await cache.get(emma.id)]).toEqual([read, read, read]);
    expect(hit.price).toBeInstanceOf(Decimal);
    expect(Object.getPrototypeOf(hit) as unknown).toBe(Object.prototype);
    expect(Object.getPrototypeOf(hit.author) as unknown).toBe(Object.prototype);
    expect(await context.redisKeys()).toEqual([context.redisKey(`book:${emma.id}`)]);
    expect(await context.cache.ttl(`book:${emma.id}`)).toBeLessThanOrEqual(60);
  });

  it('DE5 has the verbs of CacheService by the same meanings', async () => {
    const cache = open(books);
    await cache.set(1n, new Book(1n, '3.20', null), null);
    await cache.setMany(new Map([[2n, emma]]));
    expect(await cache.get(1n)).toEqual({ id: 1n, title: 'Emma', price: new Decimal('3.2'), author: null });
    expect([...(await cache.getMany([1n, 2n, 3n])).keys()]).toEqual([1n, 2n]);
    expect(await context.cache.ttl('book:1')).toBeNull();
    expect([await cache.delete(1n), await cache.delete(1n), await cache.get(1n)]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(await cache.get(2n, { version: 2 })).toBeUndefined();
    await cache.set(2n, emma, { version: 2 });
    expect(await cache.get(2n, { version: 2 })).toEqual(read);
  });

  it('DE5 refuses what does not fit before it is stored, naming the field', async () => {
    const cache = open(books);
    await expect(cache.set(1n, { ...read, price: 'cheap' })).rejects.toThrow(
      /price: expected the text of a Decimal/,
    );
    await expect(cache.set(1n, { ...read, title: new Date() as never })).rejects.toThrow(
      /title: expected a text/,
    );
    await expect(cache.set(1n, { id: 1n } as never)).rejects.toThrow(/title: expected a value/);
    await expect(cache.getOrSet(1n, () => undefined as never)).rejects.toThrow(TypeError);
    await expect(open(visits).set('ada', { at: 'soon' })).rejects.toThrow(/schema of the cache "visit": at/);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('DE5 stores the input of a schema; a hit and a miss both give its output', async () => {
    const cache = open(visits);
    const input = { at: '2023-11-14T22:13:20.000Z' };
    const made = await cache.getOrSet('ada', () => input);
    const hit = await cache.getOrSet('ada', () => input);
    const at: Date = hit.at;
    expect([made, hit, await cache.get('ada')]).toEqual(Array(3).fill({ at: new Date(input.at) }));
    expect(at).toEqual(new Date(input.at));
    expect(await context.cache.get('visit:of:ada')).toEqual(input);
  });

  it('DE5 takes what a deploy has left in another form as missing, and counts it', async () => {
    const [cache, other] = [open(books), open(visits)];
    await context.cache.set('book:1', { id: '1', title: 'Emma' });
    await context.cache.set('visit:of:ada', { when: 0 });
    expect([await cache.get(1n), await other.get('ada')]).toEqual([undefined, undefined]);
    expect(await cache.getMany([1n])).toEqual(new Map());
    const made = await Promise.all([1, 2].map(() => cache.getOrSet(1n, () => new Book(1n, '1', null))));
    expect(made).toEqual(Array(2).fill({ id: 1n, title: 'Emma', price: new Decimal(1), author: null }));
    expect(await cache.get(1n)).toEqual(made[0]);
    expect([cache.mismatches, other.mismatches]).toEqual([4, 1]);
  });

  it('DE5 RT21 getOrSetMany loads the missing ids by one call and gives values of the kind', async () => {
    const cache = open(books);
    await cache.set(1n, new Book(1n, '5', null));
    const asked: bigint[][] = [];
    const load = (ids: bigint[]): Map<bigint, Book> => {
      asked.push(ids);
      return new Map(ids.filter((id) => id < 9n).map((id) => [id, new Book(id, '7.50', null)]));
    };
    const found = await cache.getOrSetMany([1n, 2n, 9n], load);
    expect([...found.keys()].sort()).toEqual([1n, 2n]);
    expect(found.get(2n)).toEqual({ id: 2n, title: 'Emma', price: new Decimal('7.5'), author: null });
    await context.cache.set('book:1', 'does not fit any more');
    const again = await cache.getOrSetMany([1n, 2n], load);
    expect(again.get(1n)?.price).toEqual(new Decimal('7.5'));
    expect(asked).toEqual([[2n, 9n], [1n]]);
    await expect(cache.getOrSetMany([3n], () => [[4n, emma]] as const)).rejects.toThrow(TypeError);
  });

  it('DE5 RT13 RT22 the factory sees the stale value of the kind, may keep it, and the timeout is a function of it', async () => {
    const cache = new TypedCache(visits, () => context.reading({ grace: 3600 }));
    const at = new Date('2020-01-01T00:00:00Z');
    const timeout = (visit: Visit): number => (visit.at.getTime() === at.getTime() ? 60 : 600);
    await cache.getOrSet('ada', () => ({ at: at.toISOString() }), { timeout });
    const key = 'visit:of:ada';
    expect(await context.cache.ttl(key)).toBeLessThanOrEqual(60);
    await context.pass(key, 60);
    const kept = await cache.getOrSet('ada', ({ stale, keep }) => {
      expect(stale).toEqual({ at });
      return keep();
    });
    expect(kept).toEqual({ at });
    expect(await context.cache.get(key)).toEqual({ at: at.toISOString() });
    const other = new Date(0).toISOString();
    expect(await cache.getOrSet('eve', ({ skip }) => skip({ at: other }))).toEqual({ at: new Date(0) });
    expect(await cache.get('eve')).toBeUndefined();
  });

  it('TG8 DE5 stores with the tags of the definition, of the call, or of the value, and invalidates by them', async () => {
    const tagged = context.tagged({ grace: 3600, singleFlight: 'shared', refreshAhead: 0.9 });
    const cache = new TypedCache({ ...books, tags: ['book'] }, () => tagged);
    const ids = [1n, 2n, 3n, 4n, 5n];
    const born = (book: typeof read): string[] => [`born:${book.author.born.getUTCFullYear()}`];
    await cache.set(1n, emma);
    await cache.setMany([[2n, emma]], { tags: ['other'] });
    await cache.getOrSet(3n, () => emma);
    // the function is given the value, not what is stored
    await cache.getOrSet(4n, () => emma, { tags: born as never });
    await cache.getOrSetMany([5n], () => [[5n, emma]], { tags: born as never });
    const live = async (): Promise<bigint[]> => [...(await cache.getMany(ids)).keys()];
    expect(await live()).toEqual(ids);
    await cache.invalidateTags('book');
    expect(await live()).toEqual([2n, 4n, 5n]);
    await cache.invalidateTags('born:1775');
    expect(await live()).toEqual([2n]);
    await new TypedCache(books, () => context.taggedElsewhere()).invalidateTags('other');
    expect(await live()).toEqual([]);
    expect(await cache.getOrSet(1n, () => emma)).toEqual(read);
    await expect(open({ ...books, tags: ['book'] }).set(1n, emma)).rejects.toThrow(TypeError);
  });
});
