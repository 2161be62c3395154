import {
  type CanActivate,
  ClassSerializerInterceptor,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Injectable,
  Post,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import compression from 'compression';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import { CacheResponseInterceptor } from '../../lib/cache-responses/cache-response.interceptor.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { Faults } from '../../lib/testing/faults.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { CommandStats } from '../support/command-stats.js';
import { type AppOptions, PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import type { Answer, RequestOptions } from '../support/http-request.js';
import { RedisServer } from '../support/redis-server.js';

let runs = 0;

type Given<T> = T | ((context: ExecutionContext) => T | Promise<T>);

/** What these decorators of @nestjs/cache-manager do. */
const CacheKey = (key: Given<string | undefined>): MethodDecorator =>
  SetMetadata('cache_module:cache_key', key);
const CacheTTL = (ttl: Given<number>): MethodDecorator & ClassDecorator =>
  SetMetadata('cache_module:cache_ttl', ttl);

const headersOf = (context: ExecutionContext): Record<string, string | undefined> =>
  context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>().headers;

@Injectable()
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (headersOf(context)['x-key'] !== 'right') throw new ForbiddenException();
    return true;
  }
}

class User {
  readonly name = 'ada';
  readonly password = 'lovelace';
}

/** Stands in for class-transformer: what `@Exclude()` on the password makes of a user. */
const transformerPackage = {
  classToPlain: (value: unknown) => (value instanceof User ? { name: value.name } : value),
};

@Controller()
class PagesController {
  @CacheResponse({ timeout: 60 })
  @UseGuards(KeyGuard)
  @Get('guarded')
  guarded(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60, scope: (context) => headersOf(context)['x-name'] ?? 'anonymous' })
  @Get('scoped')
  scoped(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60, whenUnavailable: 'compute' })
  @Get('lenient')
  lenient(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('strict')
  strict(): string {
    return `${++runs}`;
  }

  @CacheResponse({ timeout: 60 })
  @Get('user')
  user(): User {
    runs++;
    return new User();
  }
}

@Controller('migrated')
@UseInterceptors(new CacheResponseInterceptor({ whenUnavailable: 'compute' }))
@CacheTTL(5_000)
class MigratedController {
  @Get('class-ttl')
  classTtl(): string {
    return `${++runs}`;
  }

  @CacheTTL(() => Promise.resolve(2_000))
  @Get('own-ttl')
  ownTtl(): string {
    return `${++runs}`;
  }

  @CacheKey('all-books')
  @Get('keyed')
  keyed(): string {
    return `${++runs}`;
  }

  @CacheKey((context) => headersOf(context)['x-book'])
  @Get('keyed-by')
  keyedBy(): string {
    return `${++runs}`;
  }

  @Post('posted')
  posted(): string {
    return `${++runs}`;
  }
}

@Controller('plain')
class PlainController {
  @Get()
  page(): User {
    runs++;
    return new User();
  }
}

@Controller()
class WrongController {
  @CacheResponse({ timeout: 60 })
  @Post('posted')
  posted(): void {
    runs++;
  }
}

describe.each(PLATFORMS)('cached responses beside others on %s', (platform) => {
  let app: TestApp;
  const clock = new TestClock();

  const start = async (options: AppOptions = {}): Promise<TestApp> =>
    (app = await startApp(platform, {
      sessionsOff: true,
      controllers: [PagesController, MigratedController],
      clock,
      ...options,
    }));

  const get = (path: string, options?: RequestOptions): Promise<Answer> => app.send(path, options);
  const bodies = async (...paths: string[]): Promise<string[]> => {
    const found: string[] = [];
    for (const path of paths) found.push((await get(path)).body);
    return found;
  };

  describe('of one application', () => {
    afterEach(() => app.close());

    it('RC3 runs guards on hits', async () => {
      await start();
      const right = { headers: { 'X-Key': 'right' } };
      const first = await get('/guarded', right);
      expect((await get('/guarded')).status).toBe(403);
      const second = await get('/guarded', right);
      expect([second.status, second.body]).toEqual([200, first.body]);
      expect(second.headers['cache-control']).toBe('private, no-cache');
    });

    it('RC4 does not share what Authorization was sent for, and does not ask the cache', async () => {
      await start();
      const [anonymous = ''] = await bodies('/strict');
      const authorized = await get('/strict', { headers: { Authorization: 'Bearer ada' } });
      expect(authorized.body).not.toBe(anonymous);
      expect(authorized.headers['cache-status']).toBe('codex-redis; fwd=bypass; detail=authorization');
      expect(await bodies('/strict')).toEqual([anonymous]);
    });

    it('RC5 keeps the responses of each scope apart and private', async () => {
      await start();
      const page = (name: string): Promise<Answer> =>
        get('/scoped', { headers: { 'X-Name': name, Authorization: name } });
      const ada = await page('ada');
      expect((await page('eve')).body).not.toBe(ada.body);
      const again = await page('ada');
      expect(again.body).toBe(ada.body);
      expect(again.headers).toMatchObject({ 'cache-control': 'private, no-cache' });
    });

    it('RC7 Redis down: the typed error, or the handler where it may compute', async () => {
      const faults = new Faults();
      await start({ wrapStore: (store) => faults.wrap(store) });
      faults.failNext({ times: 100 }, new RedisConnectionError());
      expect((await get('/strict')).status).toBe(503);
      const [first, second] = [await get('/lenient'), await get('/lenient')];
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.body).not.toBe(first.body);
      expect(first.headers['cache-status']).toBe('codex-redis; fwd=miss; detail=unavailable');
      faults.clear();
      faults.failNext({ verbs: ['setIfAbsentOrGet'] }, new RedisConnectionError());
      const before = runs;
      expect((await get('/lenient')).status).toBe(200);
      expect(runs).toBe(before + 1);
    });

    it('RC8 stores what class-transformer left, whichever interceptor was registered first', async () => {
      const providers = [
        {
          provide: APP_INTERCEPTOR,
          useFactory: () =>
            new ClassSerializerInterceptor(
              { getAllAndOverride: () => undefined },
              {
                transformerPackage: transformerPackage as never,
              },
            ),
        },
        { provide: APP_INTERCEPTOR, useClass: CacheResponseInterceptor },
      ];
      await start({ controllers: [PagesController, PlainController], providers });
      for (const path of ['/user', '/plain']) {
        const before = runs;
        expect(await bodies(path, path)).toEqual(['{"name":"ada"}', '{"name":"ada"}']);
        expect(runs).toBe(before + 1);
      }
    });

    it('RC9 caches where the interceptor is registered as a provider of each request', async () => {
      const provider = { provide: APP_INTERCEPTOR, useClass: CacheResponseInterceptor, scope: Scope.REQUEST };
      await start({ controllers: [PlainController, MigratedController], providers: [provider] });
      const before = runs;
      expect(await bodies('/plain', '/plain')).toHaveLength(2);
      expect(runs).toBe(before + 1);
      expect((await get('/migrated/posted', { method: 'POST' })).status).toBe(201);
    });

    it('RC9 heeds @CacheTTL() in milliseconds, of the handler before that of the class, or a function', async () => {
      await start();
      for (const [path, ttl] of [
        ['/migrated/class-ttl', 5_000],
        ['/migrated/own-ttl', 2_000],
      ] as const) {
        const first = await bodies(path);
        clock.advance(ttl - 1);
        expect(await bodies(path)).toEqual(first);
        clock.advance(1);
        expect(await bodies(path)).not.toEqual(first);
      }
    });

    it('RC9 heeds @CacheKey(), a text or a function of the context', async () => {
      await start();
      const cache = app.app.get(CacheService, { strict: false });
      const [first] = await bodies('/migrated/keyed?a=1');
      expect(await bodies('/migrated/keyed?a=2')).toEqual([first]);
      expect(await cache.delete('all-books')).toBe(true);
      expect(await bodies('/migrated/keyed')).not.toEqual([first]);
      const page = async (book?: string): Promise<string> =>
        (await get('/migrated/keyed-by', { headers: book === undefined ? {} : { 'X-Book': book } })).body;
      expect(await page('emma')).toBe(await page('emma'));
      expect(await page('emma')).not.toBe(await page('ulysses'));
      expect(await page()).not.toBe(await page());
    });

    it('RC9 does not take for a response what other code stored under that key', async () => {
      await start();
      await app.app.get(CacheService, { strict: false }).set('all-books', { etag: 1, body: 'foreign' });
      const [first, second] = await bodies('/migrated/keyed', '/migrated/keyed');
      expect(first).toMatch(/^\d+$/);
      expect(second).not.toBe(first);
    });

    it('RC9 caches no POST', async () => {
      await start();
      const post = { method: 'POST' };
      expect((await get('/migrated/posted', post)).body).not.toBe((await get('/migrated/posted', post)).body);
    });

    (platform === 'express' ? it : it.skip)(
      'goes out compressed, from the handler and from the cache',
      async () => {
        await start({
          prepare: (nest) => {
            nest.use(compression({ threshold: 0 }));
          },
        });
        const asked = { headers: { 'Accept-Encoding': 'gzip' } };
        const [first, second] = [await get('/strict', asked), await get('/strict', asked)];
        expect([first, second].map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', 'gzip']);
        expect(second.bytes).toEqual(first.bytes);
        expect(second.headers['cache-status']).toContain('; hit');
        expect((await get('/strict')).headers['content-encoding']).toBeUndefined();
      },
    );
  });

  it('RC1 refuses a handler that is not for GET when the application starts', async () => {
    const starting = start({ controllers: [WrongController] });
    await expect(starting).rejects.toThrow(ImproperlyConfiguredError);
    await expect(starting).rejects.toThrow('WrongController.posted');
  });

  it('RC6 costs 1 command for a hit and for a 304, and as much as getOrSet for a miss', async () => {
    const server = await RedisServer.start();
    const stats = await CommandStats.of(server.url);
    try {
      await start({ url: server.url });
      const misses = await stats.during(() => get('/strict'));
      expect(misses).toEqual({ get: 1, set: 1 });
      expect(await stats.during(() => get('/strict'))).toEqual({ get: 1 });
      expect(await stats.during(() => get('/strict', { headers: { 'If-None-Match': '*' } }))).toEqual({
        get: 1,
      });
      await app.close();
    } finally {
      stats.close();
      await server.stop();
    }
  });
});
