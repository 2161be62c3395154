import { CACHE_MANAGER, CacheInterceptor, CacheKey, CacheModule, CacheTTL } from '@nestjs/cache-manager';
import {
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  type INestApplication,
  type INestApplicationContext,
  Post,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { Cache } from 'cache-manager';
import { Keyv } from 'keyv';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { CacheResponse, CacheResponseInterceptor, CacheService } from 'nestjs-codex-redis';
import { type Platform, PLATFORMS, type Recipe, type Running, startOn } from './support/application.js';

let runs = 0;

const bookOf = (context: ExecutionContext): string =>
  `book-${context.switchToHttp().getRequest<{ query: { id: string } }>().query.id}`;

/** What both applications have: the very same class, with the decorators of @nestjs/cache-manager. */
const booksController = (): Type => {
  @Controller('books')
  class BookController {
    @Get() list(): { run: number } {
      return { run: ++runs };
    }

    @CacheTTL(60_000)
    @Get('ttl')
    ttl(): { run: number } {
      return { run: ++runs };
    }

    @CacheTTL(() => 60_000)
    @CacheKey('all-books')
    @Get('keyed')
    keyed(): { run: number } {
      return { run: ++runs };
    }

    @CacheKey(bookOf)
    @Get('keyed-by')
    keyedBy(): { run: number } {
      return { run: ++runs };
    }

    @Post() add(): { run: number } {
      return { run: ++runs };
    }
  }
  return BookController;
};

@Controller('pages')
class PagesBefore {
  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  @Get() list(): { run: number } {
    return { run: ++runs };
  }

  @Post() async changed(): Promise<void> {
    await this.cache.mdel(['/pages', '/pages?page=1']);
  }
}

@Controller('pages')
class PagesAfter {
  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @CacheResponse({ timeout: 60, tags: ['pages'] })
  @Get()
  list(): { run: number } {
    return { run: ++runs };
  }

  @Post() async changed(): Promise<void> {
    await this.cache.invalidateTags('pages');
  }
}

const DEFAULT_SECONDS = 40;
const globally = (interceptor: Omit<Provider & object, 'provide'>): Provider =>
  ({ provide: APP_INTERCEPTOR, ...interceptor }) as Provider;

const earlier = (): Recipe<INestApplication> => ({
  imports: [CacheModule.register({ isGlobal: true, stores: [new Keyv()], ttl: DEFAULT_SECONDS * 1000 })],
  controllers: [booksController(), PagesBefore],
  providers: [globally({ useClass: CacheInterceptor })],
});

const later = (): Recipe<INestApplication> => ({
  options: {
    cache: { keyPrefix: 'shop', timeout: DEFAULT_SECONDS, tags: true, readThrough: { refreshAhead: 0.001 } },
  },
  controllers: [booksController(), PagesAfter],
  providers: [globally({ useValue: new CacheResponseInterceptor({ whenUnavailable: 'compute' }) })],
});

/** The two applications on one platform, side by side. */
class Pair {
  constructor(
    readonly before: Running,
    readonly after: Running,
  ) {}

  static async start(platform: Platform): Promise<Pair> {
    return new Pair(await startOn(platform, earlier()), await startOn(platform, later()));
  }

  get caches(): [before: Cache, after: CacheService] {
    const of = <T>({ app }: { app: INestApplicationContext }, token: never): T =>
      app.get<T>(token, { strict: false });
    return [
      of<Cache>(this.before, CACHE_MANAGER as never),
      of<CacheService>(this.after, CacheService as never),
    ];
  }

  get urls(): string[] {
    return [this.before.url, this.after.url];
  }
}

/** Within a second of what it should be, which no machine takes longer for than the difference of the two units. */
const isAbout = (seconds: number, expected: number): void => {
  assert.ok(Math.abs(seconds - expected) < expected / 2, `${seconds} s, not ${expected} s`);
};

const secondsUntil = (ms: number | undefined): number => ((ms ?? 0) - Date.now()) / 1000;

/** Asks until it is so; what runs behind takes its time. */
const eventually = async (isSo: () => Promise<boolean>): Promise<void> => {
  for (let n = 0; !(await isSo()); n++) {
    assert.ok(n < 500, 'it never became so');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** Runs of the handlers by which these were answered, in turn. */
const answeredBy = async (url: string, ...paths: string[]): Promise<number[]> => {
  const found: number[] = [];
  for (const path of paths) {
    const answer = await fetch(url + path);
    assert.equal(answer.status, 200);
    found.push(((await answer.json()) as { run: number }).run);
  }
  return found;
};

const allEqual = (numbers: readonly number[]): void => {
  assert.equal(new Set(numbers).size, 1, `${numbers.join(', ')} are not one run`);
};

const allDiffer = (numbers: readonly number[]): void => {
  assert.equal(new Set(numbers).size, numbers.length, `${numbers.join(', ')} are not all runs of their own`);
};

/** What each row of the table in docs/migrating.md says, by what stands in its first column. */
const ROWS: Record<string, (pair: Pair) => Promise<void>> = {
  '`CacheModule.register({ stores, ttl })`': async ({ caches: [earlier, later] }) => {
    await earlier.set('default', 1);
    await later.set('default', 1);
    isAbout(secondsUntil(await earlier.ttl('default')), DEFAULT_SECONDS);
    isAbout((await later.ttl('default')) ?? 0, DEFAULT_SECONDS);
  },
  '`@Inject(CACHE_MANAGER) cache: Cache`': async ({ before: { url }, after }) => {
    for (const base of [url, after.url])
      assert.equal((await fetch(`${base}/pages`, { method: 'POST' })).status, 201);
  },
  '`cache.set(key, value, 60_000)`': async ({ caches: [earlier, later] }) => {
    await earlier.set('minute', { a: [1] }, 60_000);
    isAbout(secondsUntil(await earlier.ttl('minute')), 60);
    for (const minute of [60, '1m'] as const) {
      await later.set('minute', { a: [1] }, minute);
      isAbout((await later.ttl('minute')) ?? 0, 60);
    }
    assert.deepEqual(await later.get('minute'), await earlier.get('minute'));
  },
  '`cache.del(key)`': async ({ caches: [earlier, later] }) => {
    await earlier.set('gone', 1);
    await later.set('gone', 1);
    await earlier.del('gone');
    assert.deepEqual([await later.delete('gone'), await later.delete('gone')], [true, false]);
    assert.deepEqual([await earlier.get('gone'), await later.get('gone')], [undefined, undefined]);
  },
  '`cache.mget([…])`': async ({ caches: [earlier, later] }) => {
    await earlier.set('one', 1);
    await later.set('one', 1);
    assert.deepEqual(await earlier.mget(['one', 'none']), [1, undefined]);
    assert.deepEqual([...(await later.getMany(['one', 'none']))], [['one', 1]]);
  },
  '`cache.mset([{ key, value, ttl }])`': async ({ caches: [earlier, later] }) => {
    await earlier.mset([
      { key: 'two', value: 2, ttl: 60_000 },
      { key: 'three', value: 3, ttl: 60_000 },
    ]);
    await later.setMany({ two: 2, three: 3 }, 60);
    assert.deepEqual(await earlier.mget(['two', 'three']), [2, 3]);
    assert.deepEqual(Object.fromEntries(await later.getMany(['two', 'three'])), { two: 2, three: 3 });
    isAbout(secondsUntil(await earlier.ttl('three')), 60);
    isAbout((await later.ttl('three')) ?? 0, 60);
  },
  '`cache.mdel([…])`': async ({ caches: [earlier, later] }) => {
    await earlier.mset([{ key: 'four', value: 4 }]);
    await later.set('four', 4);
    await earlier.mdel(['four', 'none']);
    assert.equal(await later.deleteMany(['four', 'none']), 1);
    assert.deepEqual([await earlier.get('four'), await later.get('four')], [undefined, undefined]);
  },
  '`cache.ttl(key)`: a point in time in milliseconds': async ({ caches: [earlier, later] }) => {
    await earlier.set('timed', 1, 60_000);
    await later.set('timed', 1, 60);
    await later.set('forever', 1, null);
    isAbout(secondsUntil(await earlier.ttl('timed')), 60);
    isAbout((await later.ttl('timed')) ?? 0, 60);
    assert.equal(await later.ttl('forever'), null);
    assert.deepEqual([await earlier.ttl('none'), await later.ttl('none')], [undefined, undefined]);
  },
  '`cache.wrap(key, factory, ttl)`': async ({ caches: [earlier, later] }) => {
    const made = runs;
    const factory = (): Promise<number> => Promise.resolve(++runs);
    for (let n = 0; n < 2; n++) assert.equal(await earlier.wrap('wrapped', factory, 60_000), made + 1);
    for (let n = 0; n < 2; n++) assert.equal(await later.getOrSet('wrapped', factory, '1d'), made + 2);
  },
  '`refreshThreshold` of `wrap`': async ({ caches: [earlier, later] }) => {
    let made = 0;
    const factory = (): Promise<number> => Promise.resolve(++made);
    await eventually(async () => (await earlier.wrap('ahead', factory, 60_000, 60_001)) > 1);
    made = 0;
    // ahead from a thousandth of the timeout on
    await eventually(async () => (await later.getOrSet('ahead', factory, 20)) > 1);
  },
  "`cache.on('set', …)`": ({ caches: [earlier, later] }) => {
    assert.equal(typeof earlier.on, 'function');
    assert.equal('on' in later, false);
    return Promise.resolve();
  },
  '`cache.clear()`': async ({ caches: [earlier, later] }) => {
    await earlier.set('cleared', 1);
    await later.set('cleared', 1);
    await earlier.clear();
    await later.clear();
    assert.deepEqual([await earlier.get('cleared'), await later.get('cleared')], [undefined, undefined]);
  },
  '`CacheInterceptor`': async ({ urls }) => {
    for (const url of urls) {
      allEqual(await answeredBy(url, '/books', '/books', '/books'));
      allDiffer(await answeredBy(url, '/books', '/books?page=2'));
      const posts = [0, 1].map(async () => (await fetch(`${url}/books`, { method: 'POST' })).json());
      allDiffer((await Promise.all(posts)).map((answer) => (answer as { run: number }).run));
    }
  },
  '`@CacheKey(key)`, `@CacheTTL(ms)`': async ({ urls, caches: [earlier, later] }) => {
    for (const url of urls) {
      allEqual(await answeredBy(url, '/books/keyed', '/books/keyed?page=2', '/books/keyed'));
      allEqual(await answeredBy(url, '/books/keyed-by?id=1', '/books/keyed-by?id=1&page=2'));
      allDiffer(await answeredBy(url, '/books/keyed-by?id=1', '/books/keyed-by?id=2'));
      allEqual(await answeredBy(url, '/books/ttl', '/books/ttl'));
    }
    isAbout(secondsUntil(await earlier.ttl('all-books')), 60);
    isAbout((await later.ttl('all-books')) ?? 0, 60);
    isAbout(secondsUntil(await earlier.ttl('/books/ttl')), 60);
    await earlier.del('all-books');
    await later.delete('all-books');
    const [first, second] = await Promise.all(urls.map((url) => answeredBy(url, '/books/keyed')));
    assert.deepEqual([first![0]! > 0, second![0]! > 0], [true, true]);
    assert.ok(Math.min(first![0]!, second![0]!) === runs - 1, 'both handlers have run again');
  },
  'a handler that deletes the keys of pages': async ({ urls }) => {
    for (const url of urls) {
      const first = await answeredBy(url, '/pages', '/pages?page=1', '/pages', '/pages?page=1');
      assert.deepEqual(first.slice(2), first.slice(0, 2));
      await fetch(`${url}/pages`, { method: 'POST' });
      const again = await answeredBy(url, '/pages', '/pages?page=1');
      allDiffer([...first.slice(0, 2), ...again]);
    }
  },
  '`X-Cache: HIT`': async ({ before, after }) => {
    await fetch(`${before.url}/books?hit`);
    await fetch(`${after.url}/books?hit`);
    assert.equal((await fetch(`${before.url}/books?hit`)).headers.get('x-cache'), 'HIT');
    assert.match(
      (await fetch(`${after.url}/books?hit`)).headers.get('cache-status') ?? '',
      /^codex-redis; hit/,
    );
  },
};

/** The first column of the first table. */
const documented = (): string[] => {
  const page = readFileSync(new URL('../../docs/migrating.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('## From @nestjs/cache-manager');
  const [table = ''] = section.split('\n\n').filter((part) => part.startsWith('|'));
  return table
    .split('\n')
    .slice(2)
    .map((row) => row.split(' | ')[0]!.replace(/^\| /, '').trim());
};

describe('RC9 what the table from @nestjs/cache-manager says, before and after', () => {
  it('is shown for each of its rows', () => {
    assert.deepEqual(Object.keys(ROWS), documented());
  });

  for (const platform of PLATFORMS)
    describe(platform, () => {
      let pair: Pair;
      before(async () => {
        pair = await Pair.start(platform);
      });
      for (const [row, show] of Object.entries(ROWS)) it(row, () => show(pair));
    });
});
