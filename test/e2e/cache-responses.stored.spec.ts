import { Controller, Get, Inject, Injectable, Param, Post } from '@nestjs/common';
import { CacheResponse } from '../../lib/cache-responses/cache-response.decorator.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import type { ReadThroughOptions } from '../../lib/config/read-through-options.js';
import { RedisConnectionError, RedisUnavailableError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { Faults } from '../../lib/testing/faults.js';
import { GatedFactory } from '../support/gated-factory.js';
import { PLATFORMS, startApp, type TestApp } from '../support/http-app.js';
import { storeWith } from '../support/sessions.js';
import type { Answer } from '../support/http-request.js';

const STORED = 'codex-redis; fwd=miss; stored';
const UNAVAILABLE = 'codex-redis; fwd=miss; detail=unavailable';
const CHANGED = 'codex-redis; fwd=miss; detail=changed';

/** Lets a test hold a run of the handler, and do something beside it. */
@Injectable()
class Runs {
  count = 0;
  beside: (cache: CacheService) => unknown = () => undefined;
}

@Controller()
class PagesController {
  constructor(
    @Inject(Runs) private readonly runs: Runs,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  @CacheResponse({ timeout: 60 })
  @Get('pages/:name')
  async page(@Param('name') name: string): Promise<object> {
    const run = (this.runs.count += 1);
    await this.runs.beside(this.cache);
    return { name, run };
  }

  @Post('clear')
  async clear(): Promise<void> {
    await this.cache.clear();
  }
}

describe.each(PLATFORMS)('what Cache-Status says of storing, on %s', (platform) => {
  const apps: TestApp[] = [];
  let faults: Faults;
  beforeEach(() => (faults = new Faults()));
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });

  const start = async (
    readThrough: ReadThroughOptions = {},
    wrapStore = (store: KeyValueStore) => store,
  ): Promise<{ app: TestApp; runs: Runs }> => {
    const app = await startApp(platform, {
      sessionsOff: true,
      controllers: [PagesController],
      providers: [Runs],
      options: { cache: { keyPrefix: 'shop', readThrough } },
      wrapStore: (store) => faults.wrap(wrapStore(store)),
    });
    apps.push(app);
    return { app, runs: app.app.get(Runs) };
  };

  const statusOf = ({ headers }: Answer): string | undefined => headers['cache-status'];
  const get = (app: TestApp): Promise<Answer> => app.send('/pages/one');

  it('RC1 RC7 a response is not stored while Redis is down and the cache lets values be computed', async () => {
    const { app } = await start({ whenUnavailable: 'compute' });
    faults.failNext({ times: Infinity }, new RedisConnectionError());
    const down = [await get(app), await get(app)];
    expect(down.map(({ status }) => status)).toEqual([200, 200]);
    expect(down.map(statusOf)).toEqual([UNAVAILABLE, UNAVAILABLE]);
    expect(down[1]!.body).not.toBe(down[0]!.body);
    faults.clear();
    const back = await get(app);
    expect(statusOf(back)).toBe(STORED);
    const hit = await get(app);
    expect(statusOf(hit)).toMatch(/; hit; ttl=/);
    expect(hit.body).toBe(back.body);
  });

  it('RC1 RC7 a response is not stored where Redis still reads and does not write', async () => {
    const { app, runs } = await start({ whenUnavailable: 'compute' });
    runs.beside = () => faults.failNext({}, new RedisUnavailableError('OOM'));
    const first = await get(app);
    expect([first.status, statusOf(first)]).toEqual([200, UNAVAILABLE]);
    runs.beside = () => undefined;
    expect(statusOf(await get(app))).toBe(STORED);
  });

  it.each<[string, (cache: CacheService) => unknown]>([
    ['the cache is cleared', (cache) => cache.clear()],
    ['the entry is deleted', (cache) => cache.deletePattern('response GET /pages/*')],
  ])('RC1 RC4 a response is not stored when %s while its handler runs', async (_, change) => {
    const { app, runs } = await start();
    runs.beside = change;
    const fenced = [await get(app), await get(app)];
    expect(fenced.map(statusOf)).toEqual([CHANGED, CHANGED]);
    expect(fenced[1]!.body).not.toBe(fenced[0]!.body);
    runs.beside = () => undefined;
    const stored = await get(app);
    expect(statusOf(stored)).toBe(STORED);
    expect((await get(app)).body).toBe(stored.body);
  });

  it('RC1 a request that shares the run of another is told the same: not stored, rather than a hit', async () => {
    const { app, runs } = await start({ whenUnavailable: 'compute' });
    const { factory, entered, open } = new GatedFactory<undefined>();
    let looks = 0;
    let second = (): void => undefined;
    const joined = new Promise<void>((resolve) => (second = resolve));
    const cache = app.app.get(CacheService);
    const getOrSet = cache.getOrSet.bind(cache) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(cache, {
      getOrSet: (...args: unknown[]) => {
        const found = getOrSet(...args);
        if ((looks += 1) === 2) second();
        return found;
      },
    });
    runs.beside = factory;
    const first = get(app);
    await entered;
    const other = get(app);
    await joined;
    await app.send('/clear', { method: 'POST' });
    open(undefined);
    const answers = [await first, await other];
    expect(answers.map(statusOf)).toEqual([CHANGED, CHANGED]);
    expect(runs.count).toBe(1);
    expect(answers[1]!.body).toBe(answers[0]!.body);
  });

  it('RC1 a response is not stored by a process that did not want to wait for another one', async () => {
    const shared = { singleFlight: 'shared', wait: 0 } as const;
    const one = await start(shared);
    const two = await start(shared, () => storeWith(one.app.store, {}));
    const { factory, entered, open } = new GatedFactory<undefined>();
    one.runs.beside = factory;
    const first = get(one.app);
    await entered;
    const impatient = await get(two.app);
    open(undefined);
    const stored = await first;
    expect([impatient, stored].map(statusOf)).toEqual(['codex-redis; fwd=miss', STORED]);
    const hit = await get(two.app);
    expect([hit.body, statusOf(hit)]).toEqual([stored.body, expect.stringContaining('; hit; ttl=')]);
  });
});
