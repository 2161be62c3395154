import { Cacheable, CacheEvict, CachePut } from 'nestjs-codex-redis';

/** The compiler is the test: each expected error is one, and nothing else is. */
describe('The types of the decorators', () => {
  it('DE1 take a key of the parameters of the method, or of the first of them', () => {
    class Catalog {
      @Cacheable((id: number) => ['product', id], { timeout: '5m', cache: 'catalog', version: 2 })
      product(id: number, language?: string): Promise<string> {
        return Promise.resolve(`${id}${language ?? ''}`);
      }
      @Cacheable(() => 'all')
      async all(): Promise<string[] | null> {
        return Promise.resolve([]);
      }
      @CachePut((id: number, name: string) => `${id}:${name}`, { timeout: 5 })
      async rename(id: number, name: string): Promise<string> {
        return Promise.resolve(`${id}${name}`);
      }
      @CacheEvict((id: number) => id)
      @CacheEvict({ tags: ['catalog'] })
      @CacheEvict({ tags: (id: number) => [`product:${id}`] }, { cache: 'catalog' })
      @CacheEvict({ all: true })
      async remove(id: number): Promise<void> {
        await Promise.resolve(id);
      }
      @Cacheable((...ids: unknown[]) => ids)
      generic<T>(value: T): Promise<unknown> {
        return Promise.resolve(value);
      }
    }
    expect(Catalog).toBeDefined();
  });

  it('DE6 refuse a static method, which throws', () => {
    expect(() => {
      class Catalog {
        // @ts-expect-error the method is static
        @Cacheable(() => 'x')
        static ofClass(): Promise<number> {
          return Promise.resolve(1);
        }
      }
      return Catalog;
    }).toThrow('ofClass: only a method of an instance can be cached');
  });

  it('DE1 refuse another parameter type, a synchronous method and a missing key', () => {
    expect(() => {
      class Catalog {
        // @ts-expect-error the key takes text
        @Cacheable((id: string) => ['product', id])
        wrongType(id: number): Promise<number> {
          return Promise.resolve(id);
        }
        // @ts-expect-error the key takes more than the method
        @Cacheable((id: number, language: string) => [id, language])
        tooFew(id: number): Promise<number> {
          return Promise.resolve(id);
        }
        // @ts-expect-error the method may be called without it
        @Cacheable((id: number) => [id])
        optional(id?: number): Promise<number> {
          return Promise.resolve(id ?? 0);
        }
        // @ts-expect-error the method is synchronous
        @Cacheable(() => 'x')
        synchronous(): number {
          return 1;
        }
        // @ts-expect-error the key takes text
        @CachePut((id: string) => id)
        put(id: number): Promise<number> {
          return Promise.resolve(id);
        }
        // @ts-expect-error the key takes text
        @CacheEvict((id: string) => id)
        evict(id: number): Promise<number> {
          return Promise.resolve(id);
        }
        // @ts-expect-error the tags take text
        @CacheEvict({ tags: (id: string) => [id] })
        tags(id: number): Promise<number> {
          return Promise.resolve(id);
        }
        // @ts-expect-error the method is synchronous
        @CacheEvict({ all: true })
        evictSynchronous(): void {
          return undefined;
        }
      }
      return Catalog;
    }).not.toThrow();
  });

  it('DE1 refuse anything but a key when the class is made', () => {
    // @ts-expect-error the key is missing
    expect(() => Cacheable()).toThrow(/@Cacheable: expected a function/);
    // @ts-expect-error a text is no function
    expect(() => CachePut('k')).toThrow(/@CachePut: expected a function/);
    // @ts-expect-error nothing to evict
    expect(() => CacheEvict({})).toThrow(/@CacheEvict: expected a function/);
    // @ts-expect-error all or nothing
    expect(() => CacheEvict({ all: false })).toThrow(TypeError);
  });

  it('DE6 refuse a method whose value is not JSON by its type', () => {
    class Catalog {
      // @ts-expect-error a Date is not JSON
      @Cacheable(() => 'date')
      date(): Promise<Date> {
        return Promise.resolve(new Date());
      }
      // @ts-expect-error perhaps undefined
      @Cacheable(() => 'undefined')
      perhaps(): Promise<number | undefined> {
        return Promise.resolve(1);
      }
      // @ts-expect-error nothing to store
      @CachePut(() => 'nothing')
      nothing(): Promise<void> {
        return Promise.resolve();
      }
    }
    expect(Catalog).toBeDefined();
  });
});
