import { Controller, Get, Header, Inject, Param } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { CacheService } from '../../lib/cache/cache.service.js';
import { ERROR_NAMES } from '../../lib/errors/error-names.js';
import { collectCodexRedisMetrics } from '../../lib/prometheus/index.js';
import { Session } from '../../lib/session-http/nest/session.decorator.js';
import { failingAs } from '../support/failing.js';
import { startApp, type TestApp } from '../support/http-app.js';
import { driveEveryOutcome } from '../support/outcomes/every-outcome.js';
import { redis } from '../support/stores.js';

const register = new Registry();

@Controller()
class ShopController {
  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @Get('books/:id')
  book(@Param('id') id: string, @Session() session: Session): Promise<object> {
    session.set('last', id);
    return this.cache.getOrSet(`book:${id}`, () => ({ id }));
  }

  @Get('visitors/:id')
  visitor(@Param('id') id: string): Promise<boolean> {
    return this.cache.has(`visitor-${id}:cart`);
  }

  @Get('broken')
  async broken(): Promise<string> {
    const failing = (): Promise<string> =>
      Promise.reject(Object.assign(new Error('secret'), { name: 'Broken' }));
    return this.cache.getOrSet('book:broken', failing).catch(() => 'broken');
  }

  @Get('metrics')
  @Header('Content-Type', register.contentType)
  metrics(): Promise<string> {
    return register.metrics();
  }
}

/** Each series of a scrape: its name, labels and value. */
const seriesOf = (scrape: string): { name: string; labels: string; value: number }[] =>
  [...scrape.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels,
    value: Number(value),
  }));

describe('Prometheus', () => {
  let app: TestApp;
  let end: () => void;

  beforeAll(async () => {
    collectDefaultMetrics({ register });
    const cache = { keyPrefix: 'prometheus', keyGroup: (key: string) => key.split(':')[0] };
    app = await startApp('express', { controllers: [ShopController], options: { cache } });
  });
  afterAll(() => app.close());

  // which groups and errors are told apart is remembered
  beforeEach(() => {
    end = collectCodexRedisMetrics({ register });
  });
  afterEach(() => end());

  const scrape = async (): Promise<ReturnType<typeof seriesOf>> => {
    const { status, body } = await app.send('/metrics');
    expect(status).toBe(200);
    return seriesOf(body);
  };

  it('OB3 a real scrape counts operations by outcome and key group, and times them and their factories', async () => {
    for (const id of ['a', 'a', 'a', 'b']) await app.send(`/books/${id}`);
    await app.send('/broken');
    const series = await scrape();
    const valueOf = (name: string, labels: string): number | undefined =>
      series.find((one) => one.name === `nestjs_codex_redis_${name}` && one.labels === labels)?.value;
    const of = (outcome: string, error = ''): string =>
      `cache="default",operation="getOrSet",outcome="${outcome}",key_group="book",error="${error}"`;
    expect(valueOf('cache_operations_total', of('hit'))).toBe(2);
    expect(valueOf('cache_operations_total', of('miss'))).toBe(2);
    expect(valueOf('cache_operations_total', of('error', 'Broken'))).toBe(1);
    expect(valueOf('cache_operation_duration_seconds_count', 'cache="default",operation="getOrSet"')).toBe(5);
    expect(valueOf('cache_factory_duration_seconds_count', 'cache="default",key_group="book"')).toBe(2);
    expect(valueOf('session_operations_total', 'operation="create",outcome="done",error=""')).toBe(4);
    expect(valueOf('session_operation_duration_seconds_count', 'operation="create"')).toBe(4);
    expect(series.some(({ name }) => name.startsWith('process_'))).toBe(true);
  });

  it('OB3 no label is unbounded: of keys there is none, and of groups and errors there are 100', async () => {
    for (let i = 0; i < 300; i++) await app.send(`/visitors/${i}`);
    for (let i = 0; i < 300; i++) await app.send(`/books/number-${i}`);
    const labels = (await scrape())
      .filter(({ name }) => name.startsWith('nestjs_codex_redis_'))
      .flatMap((series) =>
        [...series.labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
      );
    const valuesOf = (label: string): Set<string | undefined> =>
      new Set(labels.filter(([name]) => name === label).map(([, value]) => value));
    expect(new Set(labels.map(([name]) => name))).toEqual(
      new Set(['cache', 'operation', 'outcome', 'key_group', 'error', 'le']),
    );
    expect(valuesOf('key_group').size).toBeLessThanOrEqual(102);
    expect(valuesOf('key_group')).toContain('other');
    expect(valuesOf('operation').size).toBeLessThan(10);
    expect([...valuesOf('key_group')].join()).not.toMatch(/number|:/);
  });

  it('OB3 no series comes twice where groups or errors differ in half a character only', async () => {
    const cache = app.app.get(CacheService);
    const long = 'a'.repeat(99);
    for (const group of [`${long}😀`, `${long}🤖`]) await cache.has(`${group}:1`);
    for (const name of ['\ud83d', '\ud83e'])
      await cache.getOrSet('k', failingAs(name)).catch(() => undefined);
    const counted = (await scrape())
      .filter(({ name }) => name === 'nestjs_codex_redis_cache_operations_total')
      .map(({ labels, value }) => [/key_group="([^"]*)",error="([^"]*)"/.exec(labels)?.slice(1), value]);
    expect(counted).toEqual([
      [[`${long}😀`, ''], 1],
      [[`${long}🤖`, ''], 1],
      [['k', '\ufffd'], 2],
    ]);
  });

  it('OB3 the errors of the module keep their names after those of factories have used up the labels', async () => {
    const cache = app.app.get(CacheService);
    const fail = (name: string): Promise<unknown> =>
      cache.getOrSet('book:failing', failingAs(name)).catch(() => undefined);
    for (let i = 0; i < 150; i++) await fail(`Upstream${i}Error`);
    for (const name of ERROR_NAMES) await fail(name);
    const series = await scrape();
    const countOf = (error: string): number | undefined =>
      series.find(
        ({ name, labels }) =>
          name === 'nestjs_codex_redis_cache_operations_total' && labels.endsWith(`error="${error}"`),
      )?.value;
    expect([...ERROR_NAMES].filter((name) => countOf(name) !== 1)).toEqual([]);
    expect(countOf('Upstream99Error')).toBe(1);
    expect(countOf('Upstream100Error')).toBeUndefined();
    expect(countOf('other')).toBe(50);
  });

  it('OB3 each operation is counted with each of its outcomes, and no label holds a key or a value', async () => {
    const own = new Registry();
    const stop = collectCodexRedisMetrics({ register: own });
    try {
      const { outcomes, secrets } = await driveEveryOutcome(redis);
      const scraped = await own.metrics();
      expect(secrets.filter((secret) => scraped.includes(secret))).toEqual([]);
      const counted = seriesOf(scraped).map(({ name, labels }) => `${name} ${labels}`);
      const missing = outcomes.filter(
        ({ channel, operation, outcome }) =>
          !counted.some(
            (one) =>
              one.startsWith(`nestjs_codex_redis_${channel}_operations_total `) &&
              one.includes(`operation="${operation}",outcome="${outcome}"`),
          ),
      );
      expect(missing).toEqual([]);
    } finally {
      stop();
    }
  });

  it('OB3 twice in one registry is refused; when it ends the registry is as before', async () => {
    expect(() => collectCodexRedisMetrics({ register })).toThrow(/already been registered/);
    const other = new Registry();
    collectCodexRedisMetrics({ register: other })();
    expect(await other.metrics()).toBe('\n');
    await app.send('/books/1');
    expect(await other.metrics()).toBe('\n');
  });

  it('OB3 a registry that was cleared takes the metrics again, and the end of the first leaves them there', async () => {
    const other = new Registry();
    const endFirst = collectCodexRedisMetrics({ register: other });
    other.clear();
    const endSecond = collectCodexRedisMetrics({ register: other });
    await app.send('/books/1');
    endFirst();
    const scraped = await other.metrics();
    expect(scraped).toMatch(/nestjs_codex_redis_cache_operations_total\{.*\} 1/);
    expect(scraped).toMatch(/nestjs_codex_redis_session_operations_total\{.*\} 1/);
    endSecond();
    expect(await other.metrics()).toBe('\n');
  });
});
