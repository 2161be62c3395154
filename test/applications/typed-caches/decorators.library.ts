import 'reflect-metadata';
import {
  Body,
  ConflictException,
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  Post,
  Scope,
  type Type,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ClsPluginTransactional, Transactional, type TransactionalAdapter } from '@nestjs-cls/transactional';
import { IsInt, Min } from 'class-validator';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ClsModule } from 'nestjs-cls';
import { Cacheable, CacheEvict, CacheService, CodexRedisModule } from 'nestjs-codex-redis';

/** What happened, in its order. */
const events: string[] = [];

class RecordingAdapter implements TransactionalAdapter<null, string, unknown> {
  connection = null;
  supportsTransactionProxy = false;
  optionsFactory = () => ({
    wrapWithTransaction: async (
      _: unknown,
      work: () => Promise<unknown>,
      setTransaction: (transaction?: string) => void,
    ): Promise<unknown> => {
      events.push('begin');
      setTransaction('transaction');
      try {
        const result = await work();
        events.push('commit');
        return result;
      } catch (error) {
        events.push('rollback');
        throw error;
      }
    },
    getFallbackInstance: () => 'no transaction',
  });
}

class Order {
  @IsInt()
  @Min(1)
  amount!: number;
}

@Controller('orders')
class Orders {
  runs = 0;

  @Cacheable((id: string, order: Order) => ['order', id, order.amount])
  @Post(':id')
  place(@Param('id') id: string, @Body() order: Order): Promise<{ id: string; amount: number; run: number }> {
    assert.ok(order instanceof Order);
    return Promise.resolve({ id, amount: order.amount, run: ++this.runs });
  }
}

@Injectable()
class RecordingCache {
  constructor(@Inject(CacheService) cache: CacheService) {
    const evict = cache.delete.bind(cache);
    cache.delete = (...given) => (events.push('evict'), evict(...given));
  }
}

/** A shop whose products are of a scope. */
const shopOf = (scope: Scope): Type => {
  @Injectable({ scope })
  class Products {
    @Cacheable((id: number) => ['product', id])
    @Transactional()
    async find(id: number): Promise<{ id: number }> {
      events.push('find');
      return Promise.resolve({ id });
    }

    @CacheEvict((id: number) => ['product', id])
    @Transactional()
    async save(id: number, fails: boolean): Promise<void> {
      events.push(`save ${id}`);
      return fails ? Promise.reject(new ConflictException()) : Promise.resolve();
    }
  }

  @Controller('products/:id')
  class ProductController {
    constructor(@Inject(Products) private readonly products: Products) {}

    @Get() find(@Param('id', ParseIntPipe) id: number): Promise<object> {
      return this.products.find(id);
    }

    @Post('failing') fail(@Param('id', ParseIntPipe) id: number): Promise<void> {
      return this.products.save(id, true);
    }

    @Post() save(@Param('id', ParseIntPipe) id: number): Promise<void> {
      return this.products.save(id, false);
    }
  }

  @Module({
    imports: [
      CodexRedisModule.forRoot({ url: 'memory:', isGlobal: true }),
      ClsModule.forRoot({
        global: true,
        middleware: { mount: true },
        plugins: [new ClsPluginTransactional({ adapter: new RecordingAdapter() })],
      }),
    ],
    controllers: [Orders, ProductController],
    providers: [Products, RecordingCache],
  })
  class Shop {}
  return Shop;
};

const PLATFORMS = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const;

const SCOPES = [
  ['singleton', Scope.DEFAULT],
  ['request', Scope.REQUEST],
  ['transient', Scope.TRANSIENT],
] as const;

for (const [platform, adapter] of PLATFORMS)
  for (const [name, scope] of SCOPES)
    it(`DE4 @Transactional keeps working in a ${name} on ${platform}: a hit opens no transaction, evicting follows the commit`, async () => {
      const app = await NestFactory.create(shopOf(scope), adapter(), { logger: false });
      await app.listen(0, '127.0.0.1');
      const cache = app.get(CacheService);
      const seen = async (method: string, path = ''): Promise<unknown[]> => {
        events.length = 0;
        const { status } = await fetch(`${await app.getUrl()}/products/1${path}`, { method });
        return [status, ...events];
      };
      assert.deepEqual(await seen('GET'), [200, 'begin', 'find', 'commit']);
      assert.deepEqual(await seen('GET'), [200]);
      assert.deepEqual(await seen('POST', '/failing'), [409, 'begin', 'save 1', 'rollback']);
      assert.equal(await cache.has('product:1'), true);
      assert.deepEqual(await seen('POST'), [201, 'begin', 'save 1', 'commit', 'evict']);
      assert.equal(await cache.has('product:1'), false);
      await app.close();
    });

for (const [platform, adapter] of PLATFORMS)
  it(`DE4 ValidationPipe keeps working on ${platform}`, async () => {
    const app = await NestFactory.create(shopOf(Scope.DEFAULT), adapter(), { logger: false });
    app.useGlobalPipes(new ValidationPipe({ transform: true }));
    await app.listen(0, '127.0.0.1');
    const place = async (amount: unknown): Promise<unknown[]> => {
      const answer = await fetch(`${await app.getUrl()}/orders/a`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ amount }),
      });
      return [answer.status, ((await answer.json()) as { run?: number }).run];
    };
    assert.deepEqual(await place(2), [201, 1]);
    assert.deepEqual(await place(2), [201, 1]);
    assert.deepEqual(await place(3), [201, 2]);
    assert.deepEqual(await place('many'), [400, undefined]);
    await app.close();
  });
