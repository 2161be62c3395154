import { Controller, Get, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { setImmediate as eventLoop } from 'node:timers/promises';
import {
  Cacheable,
  CacheEvict,
  CacheResponse,
  CacheService,
  CodexRedisModule,
  type CodexRedisOptions,
  defineCache,
  SerializationError,
  SessionService,
  TypedCache,
} from 'nestjs-codex-redis';
import { CacheCoder } from 'nestjs-codex-redis/cache-coder';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { PLATFORMS, startApp } from '../support/http-app.js';

/** A function whose type lets it return no promise. */
const failing: (...args: unknown[]) => never = () => Promise.reject(new Error('of the application')) as never;

@Injectable()
class Shop {
  @Cacheable(failing, { timeout: 60 })
  cached(): Promise<number> {
    return Promise.resolve(1);
  }
  @CacheEvict(failing)
  evicted(): Promise<void> {
    return Promise.resolve();
  }
  @CacheEvict({ tags: failing })
  untagged(): Promise<void> {
    return Promise.resolve();
  }
}

@Controller()
class PagesController {
  @CacheResponse({ timeout: 60, scope: failing })
  @Get('scoped')
  scoped(): string {
    return 'scoped';
  }
  @CacheResponse({ timeout: 60, tags: failing })
  @Get('tagged')
  tagged(): string {
    return 'tagged';
  }
}

describe('an asynchronous function where its type refuses one', () => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown): void => void unhandled.push(error);
  beforeAll(() => void process.on('unhandledRejection', listener));
  afterAll(() => void process.off('unhandledRejection', listener));
  beforeEach(() => void (unhandled.length = 0));
  afterEach(async () => {
    // Node tells of a rejection that nobody handles once the microtasks are done
    await eventLoop();
    expect(unhandled).toEqual([]);
  });

  const books = defineCache({ name: 'book', key: failing, shape: CacheCoder.shape({ id: 'string' }) });

  const withModule = async (
    options: CodexRedisOptions,
    use: (of: { cache: CacheService; sessions: SessionService; shop: Shop }) => unknown,
  ): Promise<void> => {
    const module = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'memory:',
          projectName: 'shop',
          secretKey: 'a secret key for tests that is long enough',
          ...options,
          cache: { keyPrefix: 'shop', tags: true, ...options.cache },
        }),
      ],
      providers: [Shop],
    }).compile();
    await module.init();
    try {
      await use({
        cache: module.get(CacheService),
        sessions: module.get(SessionService),
        shop: module.get(Shop),
      });
    } finally {
      await module.close();
    }
  };

  const serializer = Object.assign(new JsonSerializer(), { dumps: failing });

  it('is a TypeError of the call, and ends no process', async () => {
    await withModule({}, async ({ cache, shop }) => {
      const typed = new TypedCache(books, () => cache);
      const calls = [
        () => cache.getOrSet('k', () => 1, { timeout: failing }),
        () => cache.getOrSet('k', () => 1, { tags: failing }),
        () => shop.cached(),
        () => shop.evicted(),
        () => shop.untagged(),
        () => typed.get(1),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(TypeError);
    });
  });

  it.each([
    ['cache.keyFunction', { cache: { keyFunction: failing } }],
    ['cache.serializer', { cache: { serializer } }],
  ])('is a TypeError of the call that names %s, and ends no process', async (name, options) => {
    await withModule(options, async ({ cache }) => {
      for (const call of [() => cache.set('k', 1), () => cache.getOrSet('k', () => 1)])
        await expect(call()).rejects.toMatchObject({
          name: 'TypeError',
          message: expect.stringContaining(name) as string,
        });
    });
  });

  const patterns = (part: 'glob' | 'parse'): CodexRedisOptions => ({
    cache: {
      keyFunction: (key, prefix, version) => `${prefix}:${version}:${key}`,
      keyPattern: { glob: () => '*', parse: () => undefined, [part]: failing },
    },
  });

  it.each(['glob', 'parse'] as const)(
    'is a TypeError of a walk that names keyPattern.%s, and ends no process',
    async (part) => {
      await withModule(patterns(part), async ({ cache }) => {
        await cache.set('k', 1);
        const refusal = {
          name: 'TypeError',
          message: expect.stringContaining(`keyPattern.${part}`) as string,
        };
        for (const call of [() => cache.clear(), () => cache.deletePattern('*'), () => cache.keys().next()])
          await expect(call()).rejects.toMatchObject(refusal);
      });
    },
  );

  const unreading = Object.assign(new JsonSerializer(), { loads: failing });

  it('makes an entry unreadable where it reads it, and ends no process', async () => {
    await withModule({ cache: { serializer: unreading } }, async ({ cache }) => {
      await cache.set('k', 1);
      for (const call of [() => cache.get('k'), () => cache.getMany(['k', 'l'])])
        await expect(call()).rejects.toThrow(SerializationError);
      // what is made cannot be read either
      for (const call of [
        () => cache.getOrSet('k', () => 2),
        () => cache.getOrSetMany(['k', 'l'], (missing) => missing.map((key) => [key, 2] as const)),
      ])
        await expect(call()).rejects.toThrow(SerializationError);
    });
  });

  it('is a TypeError of the load that names session.serializer, and ends no process', async () => {
    await withModule({ session: { serializer: unreading } }, async ({ sessions }) => {
      const { key } = await sessions.create();
      await expect(sessions.load(key!)).rejects.toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining('session.serializer') as string,
      });
    });
  });

  it('is a TypeError of the save that names session.serializer, and ends no process', async () => {
    await withModule({ session: { serializer } }, async ({ sessions }) => {
      const session = sessions.open();
      session.set('a', 1);
      await expect(sessions.save(session)).rejects.toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining('session.serializer') as string,
      });
    });
  });

  it.each(PLATFORMS)(
    'on %s fails the request that it was asked for, and ends no process',
    async (platform) => {
      const app = await startApp(platform, {
        controllers: [PagesController],
        options: { cache: { keyPrefix: 'shop', tags: true } },
      });
      try {
        expect((await app.send('/scoped')).status).toBe(500);
        expect((await app.send('/tagged')).status).toBe(500);
      } finally {
        await app.close();
      }
    },
  );
});
