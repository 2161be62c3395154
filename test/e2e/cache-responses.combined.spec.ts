import {
  Controller,
  Delete,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  NotFoundException,
  Param,
  Put,
  Res,
} from '@nestjs/common';
import { Cacheable } from '../../lib/cache-decorators/cacheable.decorator.js';
import { CacheEvict } from '../../lib/cache-decorators/cache-evict.decorator.js';
import { CachePut } from '../../lib/cache-decorators/cache-put.decorator.js';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import type { ReadThroughOptions } from '../../lib/config/read-through-options.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer, RequestOptions } from '../support/http-request.js';

interface Product {
  readonly id: string;
  readonly name: string;
}

/** The database of the application. */
const database = new Map<string, string>();
let failure: Error | undefined;
let waiting = Promise.resolve();
let runs = 0;

@Injectable()
class Products {
  @Cacheable((id: string) => ['product', id], {
    timeout: 60,
    tags: (product: Product) => [`product:${product.id}`],
  })
  find(id: string): Promise<Product> {
    return Promise.resolve({ id, name: database.get(id) ?? 'none' });
  }

  @CachePut((id: string) => ['product', id], { timeout: 60, tags: ['catalog'] })
  rename(id: string, name: string): Promise<Product> {
    database.set(id, name);
    return Promise.resolve({ id, name });
  }

  @CacheEvict({ tags: (id: string) => [`product:${id}`, 'catalog'] })
  replace(id: string, name: string): Promise<void> {
    database.set(id, name);
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  }

  @CacheEvict({ tags: ['catalog'] })
  refreshCatalog(): Promise<void> {
    return Promise.resolve();
  }
}

const idOf = (context: ExecutionContext): string =>
  context.switchToHttp().getRequest<{ params: { id: string } }>().params.id;

@Controller('products')
class ProductController {
  constructor(@Inject(Products) private readonly products: Products) {}

  @CacheResponse({ timeout: 60, tags: ['catalog'] })
  @Get()
  list(): object {
    runs += 1;
    if (failure !== undefined) throw failure;
    return Object.fromEntries(database);
  }

  @CacheResponse({ timeout: 60, tags: ['catalog'] })
  @Get('slow')
  async slow(): Promise<string> {
    const name = String(database.get('7'));
    runs += 1;
    await waiting;
    return name;
  }

  @CacheResponse({ timeout: 60, tags: (context) => [`product:${idOf(context)}`], headers: ['X-Name'] })
  @Get(':id')
  async one(@Param('id') id: string, @Res({ passthrough: true }) response: Header): Promise<Product> {
    runs += 1;
    await Promise.resolve();
    const product = { id, name: String(database.get(id)) };
    response.header('X-Name', product.name);
    return product;
  }

  @Put(':id/:name')
  async put(@Param('id') id: string, @Param('name') name: string): Promise<void> {
    await this.products.replace(id, name);
  }

  @Delete('catalog')
  async forget(): Promise<void> {
    await this.products.refreshCatalog();
  }
}

interface Header {
  header(name: string, value: string): void;
}

describe.each(PLATFORMS)('cached responses with the other features of a cache on %s', (platform) => {
  let app: TestApp;
  const clock = new TestClock();

  const start = async (readThrough: ReadThroughOptions = {}, tags = true): Promise<void> => {
    failure = undefined;
    runs = 0;
    database.clear();
    database.set('7', 'Lamp').set('8', 'Kettle');
    app = await startApp(platform, {
      sessionsOff: true,
      controllers: [ProductController],
      providers: [Products],
      options: { cache: { keyPrefix: 'shop', tags, readThrough } },
      clock,
    });
  };
  afterEach(() => app.close());

  const get = (path: string, options?: RequestOptions): Promise<Answer> => app.send(path, options);
  const nameIn = async (path: string): Promise<string> =>
    (JSON.parse((await get(path)).body) as Product).name;
  const put = (path: string): Promise<Answer> => app.send(path, { method: 'PUT' });

  it('TG8 a response carries its tags, named or by the context; invalidating runs the handler again', async () => {
    await start();
    expect(await nameIn('/products/7')).toBe('Lamp');
    const list = await get('/products');
    database.set('7', 'Chair');
    expect(await nameIn('/products/7')).toBe('Lamp');
    expect((await get('/products')).body).toBe(list.body);
    await app.send('/products/catalog', { method: 'DELETE' });
    expect(JSON.parse((await get('/products')).body)).toEqual({ 7: 'Chair', 8: 'Kettle' });
    expect(await nameIn('/products/7')).toBe('Lamp');
    await put('/products/7/Desk');
    expect(await nameIn('/products/7')).toBe('Desk');
    expect(await nameIn('/products/8')).toBe('Kettle');
  });

  it('TG8 a response of a cache without tags: true is refused, as the option is everywhere', async () => {
    await start({}, false);
    expect((await get('/products')).status).toBe(500);
  });

  it.each<[string, ReadThroughOptions]>([
    ['refreshAhead', { refreshAhead: 0.5 }],
    ['softTimeout', { grace: 600, softTimeout: 0 }],
    ['all at once', { grace: 600, softTimeout: 0, refreshAhead: 0.5, singleFlight: 'shared' }],
  ])('TG8 a handler never runs behind a response that was sent: %s', async (_, readThrough) => {
    await start(readThrough);
    const first = await get('/products/7');
    runs = 0;
    clock.advance(40_000);
    database.set('7', 'Chair');
    await put('/products/8/Pot');
    const known = { headers: { 'If-None-Match': String(first.headers['etag']) } };
    expect([(await get('/products/7', known)).status, runs]).toEqual([304, 0]);
    clock.advance(21_000);
    const second = await get('/products/7', known);
    expect([second.status, runs]).toEqual([200, 1]);
    expect(second.headers['etag']).not.toBe(first.headers['etag']);
    const third = await get('/products/7');
    expect([third.body, third.headers['etag'], third.headers['x-name']]).toEqual([
      second.body,
      second.headers['etag'],
      'Chair',
    ]);
    expect(third.headers['cache-status']).toMatch(/; hit; ttl=\d+$/);
  });

  it('TG8 with grace a stale response takes the place of a failure, but not of an answer, nor once its tag is invalidated', async () => {
    await start({ grace: 600, retryAfter: 0 });
    const first = await get('/products');
    clock.advance(60_400);
    failure = new Error('database away');
    expect((await get('/products')).headers['cache-status']).toBe('codex-redis; hit; ttl=-1');
    clock.advance(4600);
    const stale = await get('/products');
    expect([stale.status, stale.body, stale.headers['age']]).toEqual([200, first.body, '65']);
    expect(stale.headers['cache-status']).toBe('codex-redis; hit; ttl=-5');
    failure = new NotFoundException('no catalogue any more');
    expect((await get('/products')).status).toBe(404);
    failure = new Error('database away');
    expect((await get('/products')).status).toBe(200);
    await app.send('/products/catalog', { method: 'DELETE' });
    expect((await get('/products')).status).toBe(500);
  });

  it('TG8 DE1 decorators: @Cacheable with tags of the value, @CachePut with tags, @CacheEvict by tags, named or of the parameters', async () => {
    await start({ grace: 600, softTimeout: 0, singleFlight: 'shared' });
    const products = app.app.get(Products);
    const find = async (id: string): Promise<string> => (await products.find(id)).name;
    expect([await find('7'), await find('8')]).toEqual(['Lamp', 'Kettle']);
    database.set('7', 'Chair').set('8', 'Pot');
    expect([await find('7'), await find('8')]).toEqual(['Lamp', 'Kettle']);
    failure = new Error('database away');
    await expect(products.replace('7', 'Desk')).rejects.toBe(failure);
    expect(await find('7')).toBe('Lamp');
    failure = undefined;
    await products.replace('7', 'Desk');
    expect([await find('7'), await find('8')]).toEqual(['Desk', 'Kettle']);
    await products.rename('8', 'Mug');
    database.set('8', 'Cup');
    expect(await find('8')).toBe('Mug');
    await products.refreshCatalog();
    expect([await find('7'), await find('8')]).toEqual(['Desk', 'Cup']);
  });

  it('TG8 an invalidation while a handler runs: its response goes to its visitor, and to no later one', async () => {
    await start({ grace: 600 });
    let open = (): void => undefined;
    waiting = new Promise<void>((resolve) => (open = resolve));
    const before = get('/products/slow');
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    database.set('7', 'Chair');
    await app.send('/products/catalog', { method: 'DELETE' });
    const after = get('/products/slow');
    while (runs === 1) await new Promise((resolve) => setImmediate(resolve));
    open();
    expect([(await before).body, (await after).body]).toEqual(['Lamp', 'Chair']);
    expect((await get('/products/slow')).body).toBe('Chair');
    expect(runs).toBe(2);
  });
});
