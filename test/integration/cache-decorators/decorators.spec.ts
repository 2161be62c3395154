import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Inject,
  Injectable,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { WebSocketGateway } from '@nestjs/websockets';
import { map } from 'rxjs';
import {
  Cacheable,
  CacheEvict,
  CachePut,
  CacheService,
  CodexRedisModule,
  getCacheToken,
  ImproperlyConfiguredError,
} from 'nestjs-codex-redis';
import { blamedLine, failureOf, nextLine } from '../../support/blamed-line.js';
import { PLATFORMS, startApp } from '../../support/http-app.js';

type Metadata = Parameters<typeof Test.createTestingModule>[0];
const opened: TestingModule[] = [];

const start = async (metadata: Metadata): Promise<TestingModule> => {
  const module = await Test.createTestingModule({
    ...metadata,
    imports: [
      CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'shop' }, isGlobal: true }),
      CodexRedisModule.registerCache({ name: 'catalog', keyPrefix: 'catalog' }),
      ...(metadata.imports ?? []),
    ],
  }).compile();
  opened.push(module);
  return module.init();
};

afterEach(async () => {
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

@Injectable()
class Catalog {
  runs = 0;
  failure: Error | undefined;

  @Cacheable((id: number) => ['product', id], { timeout: 60 })
  async product(id: number): Promise<{ id: number; run: number }> {
    return Promise.resolve({ id, run: ++this.runs });
  }
  @Cacheable((id: number) => ['product', id], { cache: 'catalog' })
  elsewhere(id: number): Promise<{ id: number; run: number }> {
    return Promise.resolve({ id, run: ++this.runs });
  }
  @CachePut((id: number) => ['product', id], { timeout: 60 })
  async put(id: number, value: unknown): Promise<unknown> {
    return Promise.resolve(id).then(() => value);
  }
  @CacheEvict((id: number) => ['product', id])
  async remove(id: number): Promise<string> {
    return this.failure === undefined ? Promise.resolve(`removed ${id}`) : Promise.reject(this.failure);
  }
  @CacheEvict({ all: true }, { cache: 'catalog' })
  removeAll(): Promise<void> {
    return Promise.resolve();
  }
  @Cacheable((part: unknown) => ['any', part])
  any(part: unknown): Promise<unknown> {
    return Promise.resolve(part);
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest extends Catalog {}
@Injectable({ scope: Scope.TRANSIENT })
class Transient extends Catalog {}
@WebSocketGateway()
class Gateway extends Catalog {}
@Controller()
class Handlers extends Catalog {}
@Injectable()
class Overriding extends Catalog {
  @Cacheable((id: number) => ['overridden', id])
  override async product(id: number): Promise<{ id: number; run: number }> {
    return super.product(id);
  }
}

describe('Decorated methods', () => {
  it('DE2 the first call and a hit have the same shape; callers share a run', async () => {
    const module = await start({ providers: [Catalog] });
    const catalog = module.get(Catalog);
    const first = await Promise.all([catalog.product(1), catalog.product(1)]);
    expect([...first, await catalog.product(1)]).toEqual(Array(3).fill({ id: 1, run: 1 }));
    expect(await catalog.product(2)).toEqual({ id: 2, run: 2 });
    const cache = module.get(CacheService);
    expect(await cache.get('product:1')).toEqual({ id: 1, run: 1 });
    expect(await cache.ttl('product:1')).toBeGreaterThan(50);
    await expect(catalog.put(3, undefined)).rejects.toThrow(/returned undefined/);
    await expect(catalog.any(new Date())).rejects.toThrow(TypeError);
    expect(await cache.has('product:3')).toBe(false);
  });

  it.each([Catalog, PerRequest, Transient, Gateway, Handlers, Overriding])('DE3 work in %p', async (type) => {
    const isController = type === Handlers;
    const module = await start(isController ? { controllers: [type] } : { providers: [type] });
    const own = await module.resolve(type, ContextIdFactory.create());
    const other = await module.resolve(type, ContextIdFactory.create());
    expect(await own.product(1)).toEqual({ id: 1, run: 1 });
    expect(await other.product(1)).toEqual({ id: 1, run: 1 });
    expect(await module.get(CacheService).get('product:1')).toEqual({ id: 1, run: 1 });
  });

  it('DE3 use the cache they name', async () => {
    const module = await start({ providers: [Catalog] });
    const catalog = module.get(Catalog);
    await catalog.product(1);
    await catalog.elsewhere(1);
    const named = module.get<CacheService>(getCacheToken('catalog'), { strict: false });
    expect(await named.get('product:1')).toEqual({ id: 1, run: 2 });
    await catalog.removeAll();
    expect(await named.has('product:1')).toBe(false);
    expect(await module.get(CacheService).has('product:1')).toBe(true);
  });

  it('DE3 keep two applications in one process apart', async () => {
    const [one, two] = [await start({ providers: [Catalog] }), await start({ providers: [Catalog] })];
    await one.get(Catalog).product(1);
    expect(await two.get(CacheService).has('product:1')).toBe(false);
    await two.get(Catalog).product(1);
    expect(await one.get(Catalog).product(1)).toEqual(await two.get(Catalog).product(1));
  });

  it('DE3 work behind useClass, and with a cache that a test puts in place', async () => {
    const asked: string[] = [];
    const fake = { getOrSet: (key: string) => (asked.push(key), Promise.resolve('fake')) };
    const module = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({ url: 'memory:', isGlobal: true }),
        CodexRedisModule.registerCache({ name: 'catalog', keyPrefix: 'catalog' }),
      ],
      providers: [{ provide: 'catalog', useClass: Catalog }],
    })
      .overrideProvider(CacheService)
      .useValue(fake)
      .compile();
    opened.push(module);
    expect(await module.get<Catalog>('catalog').product(1)).toBe('fake');
    expect(asked).toEqual(['product:1']);
  });

  it('DE3 a missing cache is an error at start that names it', async () => {
    const bare = Test.createTestingModule({
      imports: [CodexRedisModule.forRoot({ url: 'memory:', isGlobal: true })],
      providers: [Catalog],
    });
    await expect(bare.compile()).rejects.toThrow(/cache "catalog".*registerCache/);
    @Injectable()
    class Alone {
      @Cacheable(() => 'k')
      call(): Promise<number> {
        return Promise.resolve(1);
      }
    }
    await expect(Test.createTestingModule({ providers: [Alone] }).compile()).rejects.toThrow(/CacheService/);
  });

  it('DE3 an object that Nest did not make throws and does not run', async () => {
    const module = await start({ providers: [{ provide: 'made', useFactory: () => new Catalog() }] });
    for (const catalog of [module.get<Catalog>('made'), new Catalog()]) {
      await expect(catalog.product(1)).rejects.toThrow(ImproperlyConfiguredError);
      await expect(catalog.remove(1)).rejects.toThrow(/Catalog\.remove\(\): this object has no cache/);
      expect(catalog.runs).toBe(0);
    }
  });

  it('DE4 evict after success only, awaited; a failure rejects the call', async () => {
    const module = await start({ providers: [Catalog] });
    const catalog = module.get(Catalog);
    const cache = module.get(CacheService);
    await catalog.product(1);
    catalog.failure = new Error('database away');
    await expect(catalog.remove(1)).rejects.toThrow('database away');
    expect(await cache.has('product:1')).toBe(true);
    catalog.failure = undefined;
    expect(await catalog.remove(1)).toBe('removed 1');
    expect(await cache.has('product:1')).toBe(false);
    Object.assign(cache, { delete: () => Promise.reject(new Error('Redis away')) });
    await expect(catalog.remove(1)).rejects.toThrow('Redis away');
    expect(await catalog.put(1, 'put')).toBe('put');
    expect(await catalog.product(1)).toBe('put');
  });

  it('DE4 a wrong key or wrong tags are refused before the method runs', async () => {
    const ran: string[] = [];
    @Injectable()
    class Shelf {
      @CacheEvict((key: string) => key)
      evict(key: string): Promise<void> {
        return Promise.resolve(void ran.push(key));
      }
      @CachePut((key: string) => key)
      put(key: string): Promise<number> {
        return Promise.resolve(ran.push(key));
      }
      @CacheEvict({ tags: (tag: string) => [tag] })
      untag(tag: string): Promise<void> {
        return Promise.resolve(void ran.push(tag));
      }
    }
    const shelf = (await start({ providers: [Shelf] })).get(Shelf);
    for (const text of ['', '\ud800'])
      for (const call of ['evict', 'put', 'untag'] as const)
        await expect(shelf[call](text)).rejects.toThrow(/non-empty strings? without lone surrogates/);
    expect(ran).toEqual([]);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'null for options',
      () => Cacheable(() => 'k', null as never),
      /@Cacheable: expected an object of options/,
    ],
    [
      'seconds for options',
      () => CachePut(() => 'k', 60 as never),
      /@CachePut: expected an object of options/,
    ],
    ['a wrong timeout', () => Cacheable(() => 'k', { timeout: 'soon' as never }), /timeout/],
    ['wrong tags', () => CachePut(() => 'k', { tags: 'x' as never }), /tags: expected an array/],
    ['a wrong tag', () => CacheEvict({ tags: [''] }), /tags: expected non-empty/],
    ['a wrong cache', () => CacheEvict(() => 'k', { cache: '' }), /@CacheEvict: cache/],
    ['nothing to evict', () => CacheEvict(null as never), /@CacheEvict: expected a function/],
  ])('DE1 refuse %s when the class is made', (_, decorate, message) => {
    expect(decorate).toThrow(message);
  });

  it('DE4 keep name, length, properties and metadata of the method', () => {
    class Marked {
      @SetMetadata('above', 1)
      @Cacheable((id: number) => [id])
      @SetMetadata('below', 2)
      marked(id: number): Promise<number> {
        return Promise.resolve(id);
      }
    }
    const { marked } = Marked.prototype;
    expect([marked.name, marked.length]).toEqual(['marked', 1]);
    expect(Reflect.getMetadata('above', marked)).toBe(1);
    expect(Reflect.getMetadata('below', marked)).toBe(2);
  });
});

@Injectable()
class OnlyEven implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { params } = context.switchToHttp().getRequest<{ params: { id: string } }>();
    if (Number(params.id) % 2 !== 0) throw new ForbiddenException();
    return true;
  }
}

@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

describe.each(PLATFORMS)('Decorated handlers on %s', (platform) => {
  @Controller({ path: 'products', scope: Scope.REQUEST })
  class Products {
    static runs = 0;
    constructor(@Inject(CacheService) readonly cache: CacheService) {}

    @UseGuards(OnlyEven)
    @Cacheable((id: number) => ['handler', id])
    @Get(':id')
    @UseInterceptors(Wrapping)
    async one(@Param('id', ParseIntPipe) id: number): Promise<{ id: number; run: number }> {
      return Promise.resolve({ id, run: ++Products.runs });
    }
  }

  it('DE4 guards, pipes and interceptors keep working, above and below', async () => {
    Products.runs = 0;
    const app = await startApp(platform, { controllers: [Products], sessionsOff: true });
    try {
      for (let n = 0; n < 2; n++) {
        const answer = await app.send('/products/2');
        expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: { id: 2, run: 1 } }]);
      }
      expect((await app.send('/products/1')).status).toBe(403);
      expect((await app.send('/products/x')).status).toBe(403);
      expect(Products.runs).toBe(1);
    } finally {
      await app.close();
    }
  });
});

describe('a value that is not JSON', () => {
  @Injectable()
  class Notes {
    constructor(@Inject(CacheService) private readonly cache: CacheService) {}

    @Cacheable((id: number) => ['note', id])
    async read(id: number): Promise<{ at: string }> {
      return Promise.resolve({ id, at: new Date() } as unknown as { at: string });
    }

    @CachePut((id: number) => ['note', id])
    async write(id: number, at: unknown): Promise<{ at: string }> {
      return Promise.resolve((at === undefined ? undefined : { id, at }) as never);
    }

    @Cacheable((id: number) => ['outer', id])
    async outer(id: number): Promise<number> {
      lines.push(nextLine());
      await this.cache.set(`inner:${id}`, new Date());
      return id;
    }
  }

  const lines: string[] = [];

  it('CN16 is refused with the key, the path and the line that called the decorated method', async () => {
    lines.length = 0;
    const notes = (await start({ providers: [Notes] })).get(Notes);
    const errors = [
      await failureOf(async () => {
        lines.push(nextLine());
        await notes.read(1);
      }),
      await failureOf(async () => {
        lines.push(nextLine());
        await notes.write(1, new Date());
      }),
      await failureOf(async () => {
        lines.push(nextLine());
        await notes.write(1, undefined);
      }),
      await failureOf(() => notes.outer(1)),
    ];

    expect(errors.map((error) => (error as Error).message)).toEqual([
      'cache key "note:1": at: Date is not JSON; use CacheCoder.dumpDatetime()',
      'cache key "note:1": at: Date is not JSON; use CacheCoder.dumpDatetime()',
      '@CachePut: the method for "note:1" returned undefined; return null to store that there is nothing',
      'cache key "inner:1": The value: Date is not JSON; use CacheCoder.dumpDatetime()',
    ]);
    expect(errors.map(blamedLine)).toEqual(lines);
  });
});
