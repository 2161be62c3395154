import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import {
  Cacheable,
  CacheService,
  CodexRedisModule,
  type CodexRedisOptions,
  getCacheToken,
  ImproperlyConfiguredError,
  RedisConnectionError,
} from '../../../lib/index.js';
import type { Faults } from '../../../lib/testing/faults.js';
import { embedCodexRedis } from '../../../lib/testing/index.js';
import type { TestClock } from '../../../lib/testing/test-clock.js';
import { cacheEvents } from '../../support/cache-events.js';
import { failing } from '../../support/failing.js';
import { GatedFactory } from '../../support/gated-factory.js';
import { openRedis } from '../../support/stores.js';

const opened: TestingModule[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

const start = async (
  readThrough: NonNullable<CodexRedisOptions['cache']>['readThrough'],
  more: Partial<CodexRedisOptions> = {},
): Promise<{ module: TestingModule; cache: CacheService; keyPrefix: string }> => {
  const keyPrefix = randomUUID();
  const options = { url: process.env['TEST_REDIS_URL'], cache: { keyPrefix, readThrough }, ...more };
  const module = await Test.createTestingModule({ imports: [CodexRedisModule.forRoot(options)] }).compile();
  opened.push(module);
  await module.init();
  return { module, cache: module.get(CacheService), keyPrefix };
};

const embedded = async (
  readThrough: NonNullable<CodexRedisOptions['cache']>['readThrough'],
  ...providers: Parameters<typeof Test.createTestingModule>[0]['providers'] & object
): Promise<{ module: TestingModule; cache: CacheService; clock: TestClock; faults: Faults }> => {
  const catalog = CodexRedisModule.registerCache({
    name: 'catalog',
    keyPrefix: 'catalog',
    readThrough: readThrough ?? {},
  });
  const builder = Test.createTestingModule({
    imports: [
      CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'app', readThrough } }),
      catalog,
    ],
    providers: [...providers],
  });
  const { clock, faults } = embedCodexRedis(builder);
  const module = await builder.compile();
  opened.push(module);
  return { module, cache: module.get(CacheService), clock, faults };
};

describe('cache.readThrough in an application', () => {
  it('RT14 close() waits for a run behind and for what it stores', async () => {
    const { module, cache, keyPrefix } = await start({ refreshAhead: 0.5 });
    const store = openRedis(String(process.env['TEST_REDIS_URL']));
    try {
      await cache.set('k', 'old', 100);
      await store.expire(`${keyPrefix}:1:k`, 40_000);
      const gate = new GatedFactory<string>();
      expect(await cache.getOrSet('k', gate.factory, 100)).toBe('old');
      await gate.entered;
      const closing = module.close();
      gate.open('new');
      await closing;
      expect(await store.get(`${keyPrefix}:1:k`)).toBe('"new"');
      await store.deleteMany([`${keyPrefix}:1:k`, `${keyPrefix}:grace:{${keyPrefix}:1:k}`]);
    } finally {
      await store.close();
    }
  });

  it('RT14 close() waits no longer than operationTimeoutMs; what comes later raises nothing', async () => {
    const { module, cache, keyPrefix } = await start({ refreshAhead: 0.5 }, { operationTimeoutMs: 60 });
    const store = openRedis(String(process.env['TEST_REDIS_URL']));
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    try {
      await cache.set('k', 'old', 100);
      await store.expire(`${keyPrefix}:1:k`, 40_000);
      const gate = new GatedFactory<string>();
      await cache.getOrSet('k', gate.factory, 100);
      await module.close();
      gate.open('late');
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await store.get(`${keyPrefix}:1:k`)).toBe('"old"');
      expect(unhandled).toEqual([]);
      await store.deleteMany([`${keyPrefix}:1:k`, `${keyPrefix}:grace:{${keyPrefix}:1:k}`]);
    } finally {
      process.off('unhandledRejection', listener);
      await store.close();
    }
  });

  it('RT5 RT6 the default cache and a named one read through, each with its name in events', async () => {
    const { module, cache, clock } = await embedded({ grace: '1h' });
    const events = cacheEvents();
    try {
      for (const each of [cache, module.get<CacheService>(getCacheToken('catalog'), { strict: false })]) {
        await each.set('k', 'old', 60);
        clock.advance(60_000);
        expect(await each.getOrSet<unknown>('k', failing)).toBe('old');
      }
      expect(events.of('getOrSet')).toMatchObject([{ cache: 'default' }, { cache: 'catalog' }]);
    } finally {
      events.end();
    }
  });

  it('RT20 @Cacheable takes whenUnavailable, and a timeout that is a function of the value', async () => {
    @Injectable()
    class Books {
      runs = 0;

      @Cacheable((id: number) => ['book', id], {
        whenUnavailable: 'compute',
        timeout: (book: { age: number }) => book.age,
      })
      find(id: number): Promise<{ id: number; age: number }> {
        this.runs += 1;
        return Promise.resolve({ id, age: 60 });
      }

      @Cacheable((id: number) => ['strict', id])
      strict(id: number): Promise<number> {
        return Promise.resolve(id);
      }
    }
    const { module, cache, faults } = await embedded({}, Books);
    const books = module.get(Books);
    faults.failNext({ times: 2 });
    expect(await books.find(1)).toEqual({ id: 1, age: 60 });
    await expect(books.strict(1)).rejects.toThrow(RedisConnectionError);
    expect(await books.find(1)).toEqual({ id: 1, age: 60 });
    expect(await books.find(1)).toEqual({ id: 1, age: 60 });
    expect(books.runs).toBe(2);
    expect(await cache.ttl('book:1')).toBe(60);
  });

  it.each<[object, RegExp]>([
    [{ grace: -1 }, /cache\.readThrough\.grace must be seconds from 0/],
    [{ softTimeout: '1s' }, /cache\.readThrough\.softTimeout needs cache\.readThrough\.grace beside it/],
    [{ grace: 5, softTimeout: '30 days' }, /cache\.readThrough\.softTimeout must be seconds from 0/],
    [{ refreshAhead: 1 }, /cache\.readThrough\.refreshAhead must be a number above 0 and below 1/],
    [{ jitter: -0.1 }, /cache\.readThrough\.jitter must be a number from 0 to below 1/],
    [{ factoryTimeout: 0 }, /cache\.readThrough\.factoryTimeout must be seconds above 0/],
    [{ whenUnavailable: true }, /cache\.readThrough\.whenUnavailable must be one of compute/],
    [{ softtimeout: 1 }, /cache\.readThrough\.softtimeout .*softTimeout/],
  ])('RT5 %j is refused at start', async (readThrough, message) => {
    const starting = start(readThrough);
    await expect(starting).rejects.toThrow(ImproperlyConfiguredError);
    await expect(starting).rejects.toThrow(message);
  });
});
