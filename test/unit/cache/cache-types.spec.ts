import { type Cache, CacheService, type FactoryContext, type JsonValue } from 'nestjs-codex-redis';
import type { JsonValue as Coded } from 'nestjs-codex-redis/cache-coder';
import { JsonSerializer } from '../../../lib/serializer/json-serializer.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';

interface Product {
  readonly id: number;
  name: string;
  note?: string;
  tags: string[];
  readonly pair: readonly [number, string];
  prices: Record<string, number>;
  parent: Product | null;
}

class Money {
  constructor(readonly cents = 1) {}
}

class Account {
  balance = 1;
  owner(): string {
    return 'Ada';
  }
}

type Json = string | number | boolean | null | JsonArray | { [key: string]: Json };

interface JsonArray extends Array<Json> {}

const product: Product = { id: 1, name: 'x', tags: [], pair: [1, 'a'], prices: { EUR: 1 }, parent: null };

/** The compiler is the test: each expected error is one, and nothing else is. */
describe('The types of getOrSet', () => {
  const settings = { place: 'cache.', keyPrefix: 'k', timeoutMs: 1000, version: 1 };
  const cache = new CacheService(
    new MemoryStore(),
    { ...settings, keyFunction: undefined, keyPattern: undefined },
    new JsonSerializer(),
  );
  const draw = (): boolean => true;

  beforeEach(() => cache.clear());

  it('DE6 take what is JSON by its type, and give it back', async () => {
    const made: Product = await cache.getOrSet('a', () => product);
    const awaited: Product = await cache.getOrSet('a', () => Promise.resolve(product));
    const named: Product = await cache.getOrSet<Product>('a', async () => Promise.resolve(product));
    const either: () => Product | Promise<Product> = () => product;
    const both: Product = await cache.getOrSet('a', either);
    const orNull: Product | null = await cache.getOrSet('a', (): Product | null => product);
    const list: Product[] = await cache.getOrSet('b', () => Promise.resolve([]));
    const mixed: string | number = await cache.getOrSet('c', () => (draw() ? 1 : 'x'));
    const literal: { status: 'on' | 'off' } = await cache.getOrSet('d', () => ({ status: 'on' }));
    const aliased: Json = await cache.getOrSet('e', (): Json => ({ a: [1] }));
    const coded: Coded = await cache.getOrSet('e', () => Promise.resolve({ a: [1] } as Coded));
    const plain: object = await cache.getOrSet('e', (): object => ({}));
    const large: bigint = await cache.getOrSet('f', () => 2n ** 70n);
    expect([made, awaited, named, both, orNull]).toEqual(Array(5).fill(product));
    expect([list, mixed, literal, large]).toEqual([[], 1, { status: 'on' }, 2n ** 70n]);
    expect([aliased, coded, plain]).toEqual(Array(3).fill({ a: [1] }));
  });

  it('DE6 refuse what returns undefined', async () => {
    // @ts-expect-error it returns undefined
    await expect(cache.getOrSet('k', () => undefined)).rejects.toThrow(TypeError);
    // @ts-expect-error it returns void
    await expect(cache.getOrSet('k', async () => Promise.resolve())).rejects.toThrow(TypeError);
    // @ts-expect-error perhaps undefined
    await cache.getOrSet('a', () => Promise.resolve<Product | undefined>(product));
    // @ts-expect-error perhaps undefined
    await cache.getOrSet('a', (): Product | undefined => product);
    // @ts-expect-error a property that is perhaps undefined
    await cache.getOrSet('b', (): { n: number | undefined } => ({ n: 1 }));
  });

  it.each<[string, (cache: Cache) => Promise<unknown>]>([
    // @ts-expect-error a Date is not JSON
    ['a Date', (cache) => cache.getOrSet('k', () => new Date())],
    // @ts-expect-error a Date is not JSON
    ['a nested Date', (cache) => cache.getOrSet('k', () => Promise.resolve([{ at: new Date() }]))],
    [
      'a Date where null would do',
      // @ts-expect-error a Date is not JSON
      (cache) => cache.getOrSet('k', () => Promise.resolve<{ at: Date | null }>({ at: new Date() })),
    ],
    // @ts-expect-error a function is not JSON
    ['a function', (cache) => cache.getOrSet('k', () => Promise.resolve(() => 1))],
    // @ts-expect-error a class is not JSON
    ['a class', (cache) => cache.getOrSet('k', () => Account)],
    // @ts-expect-error it has methods
    ['an instance with methods', (cache) => cache.getOrSet('k', () => Promise.resolve(new Account()))],
    // @ts-expect-error a Map is not JSON
    ['a Map', (cache) => cache.getOrSet('k', () => new Map([[1, 2]]))],
    // @ts-expect-error a Buffer is not JSON
    ['a Buffer', (cache) => cache.getOrSet('k', () => Buffer.from(''))],
    // @ts-expect-error a symbol is not JSON
    ['a symbol', (cache) => cache.getOrSet('k', () => Symbol('x'))],
    // @ts-expect-error a symbol as key is not JSON
    ['a symbol as key', (cache) => cache.getOrSet('k', () => ({ [Symbol.iterator]: 1 }))],
    // @ts-expect-error given by the caller
    ['what the caller says', (cache) => cache.getOrSet<{ at: Date }>('k', () => ({ at: new Date() }))],
  ])('DE6 refuse %s', async (_, call) => {
    await expect(call(cache)).rejects.toThrow(TypeError);
  });

  it('DE6 let a generic function through that takes JsonValue<T>', async () => {
    const cached = <T>(load: () => Promise<JsonValue<T>>): Promise<T> => cache.getOrSet('k', load);
    const exactly = <T>(load: () => JsonValue<T> | Promise<JsonValue<T>>): Promise<JsonValue<T>> =>
      cache.getOrSet('k', load);
    const inner = async <T>(value: JsonValue<T>): Promise<T> => await cache.getOrSet('k', () => value);
    // @ts-expect-error nothing is known of T
    const unchecked = <T>(load: () => Promise<T>): Promise<T> => cache.getOrSet('k', load);
    const made: Product = await cached(() => Promise.resolve(product));
    const again: Product = await exactly(() => product);
    const third: Product = await inner(product);
    const fourth: Product = await unchecked(() => Promise.resolve(product));
    expect([made, again, third, fourth]).toEqual(Array(4).fill(product));
    await cache.clear();
    // @ts-expect-error a Date is not JSON
    await expect(cached(() => Promise.resolve(new Date()))).rejects.toThrow(TypeError);
  });

  it('DE6 let any and unknown pass, and what only looks like JSON; these are checked when they are stored', async () => {
    const unknown: unknown = await cache.getOrSet('a', (): unknown => 1);
    const given: unknown = await cache.getOrSet<unknown>('a', () => 2);
    const nested: { of: unknown } = await cache.getOrSet('b', (): { of: unknown } => ({ of: 1 }));
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-return -- any passes
    const parsed: number = await cache.getOrSet('c', () => JSON.parse('1'));
    expect([unknown, given, nested, parsed]).toEqual([1, 1, { of: 1 }, 1]);
    await expect(cache.getOrSet('k', (): unknown => new Date())).rejects.toThrow(TypeError);
    await expect(cache.getOrSet('k', () => new Money())).rejects.toThrow(TypeError);
  });

  it('DE6 Cache is what a fake implements', async () => {
    class Fake implements Pick<Cache, 'get' | 'getOrSet'> {
      get<T>(): Promise<T | undefined> {
        return Promise.resolve(undefined);
      }
      getOrSet<T>(
        _key: string,
        factory: (context: FactoryContext) => JsonValue<T> | Promise<JsonValue<T>>,
      ): Promise<JsonValue<T>> {
        return Promise.resolve(
          factory({
            signal: new AbortController().signal,
            stale: undefined,
            skip: (value) => value,
            keep: () => {
              throw new TypeError('a fake has no stale value');
            },
          }),
        );
      }
    }
    const real: Cache = cache;
    const fake: Pick<Cache, 'get' | 'getOrSet'> = new Fake();
    expect(await fake.getOrSet('k', () => 1)).toBe(await real.getOrSet('k', () => 1));
  });
});
