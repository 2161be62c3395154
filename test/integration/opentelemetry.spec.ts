import { diag, DiagLogLevel, SpanStatusCode, trace } from '@opentelemetry/api';
import { jest } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { createClient, OpenTelemetry } from 'redis';
import { CacheService } from '../../lib/cache/cache.service.js';
import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import { systemClock } from '../../lib/common/clock.js';
import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { CodexRedisInstrumentation } from '../../lib/opentelemetry/index.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CommandStats } from '../support/command-stats.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { RedisServer } from '../support/redis-server.js';
import { sessionSettings } from '../support/sessions.js';
import { openRedis } from '../support/stores.js';
import { Traces, traceCommands } from '../support/traces.js';

const OURS = 'nestjs-codex-redis';
const { version: packageVersion } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };
const ITEM = 'nestjs_codex_redis';

describe('OpenTelemetry beside the instrumentation of node-redis', () => {
  let traces: Traces;
  let server: RedisServer;
  let store: KeyValueStore;
  let stats: CommandStats;
  let instrumentation: CodexRedisInstrumentation;
  let endCommands: () => void;

  beforeAll(async () => {
    traces = new Traces();
    OpenTelemetry.init({ metrics: { enabled: true, enabledMetricGroups: ['command'] } });
    server = await RedisServer.start();
    stats = await CommandStats.of(server.url);
    store = openRedis(server.url);
    await store.connect();
    instrumentation = new CodexRedisInstrumentation();
    instrumentation.enable();
    endCommands = traceCommands();
  });
  beforeEach(async () => {
    await stats.client.flushAll();
    traces.reset();
  });
  afterAll(async () => {
    endCommands();
    instrumentation.disable();
    stats.client.destroy();
    await store.close();
    await server.stop();
    await traces.end();
  });

  const cacheOf = (options: ReadThroughOptions = {}, keyPrefix = 'app'): CacheService => {
    const readThrough = settle(readThroughOptions, options);
    const settings = { place: 'cache.', keyPrefix, timeoutMs: 60_000, version: 1, readThrough };
    const keyGroup = (key: string): string | undefined => key.split(':')[0];
    return new CacheService(store, { ...settings, keyGroup }, new JsonSerializer(), systemClock);
  };

  const settled = (): Promise<void> => flightsOn(store).settled();

  /** The names of the commands that are children of a span. */
  const childrenOf = (span: ReadableSpan): string[] =>
    traces
      .of('node-redis')
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === span.spanContext().spanId)
      .map(({ name }) => name);

  const tree = (): [string, string[]][] => traces.of(OURS).map((span) => [span.name, childrenOf(span)]);

  it('names itself and its version in spans and metrics', async () => {
    const scope = { name: OURS, version: packageVersion };
    await cacheOf().get('named');
    expect(traces.of(OURS).map(({ instrumentationScope }) => instrumentationScope)).toMatchObject([scope]);
    expect(await traces.scopes(OURS)).toMatchObject([scope]);
    expect(instrumentation.instrumentationVersion).toBe(packageVersion);
  });

  it('OB2 n operations give n spans with exactly the counted commands as children, none twice', async () => {
    const cache = cacheOf();
    const kept = cacheOf({ grace: 3600 }, 'kept');
    const sessions = new SessionService(store, sessionSettings(), systemClock);
    const session = await sessions.create();
    await kept.getOrSet('warm', () => 1);
    await kept.deleteMany(['warm']);
    await session.flush();
    traces.reset();
    const asked = await askedOf(server, async () => {
      await cache.set('k', 1);
      await cache.get('k');
      await cache.getMany(['k', 'l']);
      await cache.getOrSet('k', () => 1);
      await cache.getOrSet('l', () => 1);
      await Promise.all([1, 2, 3].map(() => cache.getOrSet('m', () => cache.get('k'))));
      await kept.getOrSet('k', () => 1);
      await kept.delete('k');
      await cache.deleteMany(['k', 'l']);
      const stored = await sessions.create();
      stored.set('a', 1);
      await sessions.save(stored);
      await sessions.cycleKey(stored);
      await sessions.load(stored.key!);
      await stored.flush();
    });
    const read: string[] = ['GET'];
    expect(tree().map(([name, commands]) => [name, commands.length])).toEqual([
      ['cache set', 1],
      ['cache get', 1],
      ['cache getMany', 1],
      ['cache getOrSet', 1],
      ['cache getOrSet', 2],
      ['cache get', 1],
      ['cache getOrSet', 2],
      ['cache getOrSet', 0],
      ['cache getOrSet', 0],
      ['cache getOrSet', 3],
      ['cache delete', 2],
      ['cache deleteMany', 1],
      ['session create', 1],
      ['session save', 1],
      ['session cycle', 2],
      ['session load', 1],
      ['session end', 1],
    ]);
    expect(tree()[1]).toEqual(['cache get', read]);
    const commands = traces.of('node-redis').filter(({ name }) => name !== 'ECHO');
    const inSpans = tree().flatMap(([, names]) => names);
    expect(inSpans.length).toBe(commands.length);
    expect(inSpans.sort()).toEqual(asked.sort());
    expect(new Set(traces.of(OURS).map(({ kind }) => kind))).toEqual(new Set([0]));
  });

  it('OB2 the spans are children of the span of the request, and name the operation, the outcome and no key', async () => {
    const cache = cacheOf();
    const request = trace.getTracer('http').startActiveSpan('GET /', async (span) => {
      await cache.getOrSet('book:secret', () => 'value');
      await cache.getMany(['book:secret', 'book:other']);
      await cache.getOrSet('author:secret', failing).catch(() => undefined);
      span.end();
      return span.spanContext();
    });
    const { traceId, spanId } = await request;
    const spans = traces.of(OURS);
    for (const span of spans) {
      expect(span.spanContext().traceId).toBe(traceId);
      expect(span.parentSpanContext?.spanId).toBe(spanId);
    }
    const of = { [`${ITEM}.cache.name`]: 'default', [`${ITEM}.cache.key_group`]: 'book' };
    const done = (operation: string, outcome: string): object => ({
      ...of,
      [`${ITEM}.operation.name`]: operation,
      [`${ITEM}.operation.outcome`]: outcome,
    });
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      done('getOrSet', 'miss'),
      { ...done('getMany', 'miss'), [`${ITEM}.cache.key.count`]: 2, [`${ITEM}.cache.hit.count`]: 1 },
      { ...done('getOrSet', 'error'), [`${ITEM}.cache.key_group`]: 'author', 'error.type': 'Error' },
    ]);
    expect(spans.map(({ status }) => status)).toEqual([
      { code: SpanStatusCode.UNSET },
      { code: SpanStatusCode.UNSET },
      { code: SpanStatusCode.ERROR },
    ]);
    expect(
      JSON.stringify(spans.map(({ attributes, events, name }) => [attributes, events, name])),
    ).not.toMatch(/secret|value/);
  });

  it.each<[string, ReadThroughOptions]>([
    ['refreshed ahead', { refreshAhead: 0.001 }],
    ['left behind after softTimeout', { grace: 3600, softTimeout: 0 }],
  ])('OB2 a value that is %s is linked to the request that caused it, not its child', async (_, options) => {
    const cache = cacheOf(options, 'ahead');
    await cache.set('book:1', 'old', 'grace' in options ? '10ms' : '100s');
    await new Promise((resolve) => setTimeout(resolve, 150));
    traces.reset();
    const gate = new GatedFactory<string>();
    const request = await trace.getTracer('http').startActiveSpan('GET /', async (span) => {
      await cache.getOrSet('book:1', gate.factory, '100s');
      span.end();
      return span.spanContext();
    });
    gate.open('new');
    await settled();
    const [call, refresh] = traces.of(OURS);
    expect([call?.name, refresh?.name]).toEqual(['cache getOrSet', 'cache refresh']);
    expect(refresh?.parentSpanContext).toBeUndefined();
    expect(refresh?.spanContext().traceId).not.toBe(request.traceId);
    expect(refresh?.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }))).toEqual([
      { traceId: request.traceId, spanId: call?.spanContext().spanId },
    ]);
    expect(call?.parentSpanContext?.spanId).toBe(request.spanId);
    expect(childrenOf(refresh!)).toHaveLength(1);
    expect(childrenOf(call!).length + 1).toBe(traces.of('node-redis').length);
    expect(await cache.get('book:1')).toBe('new');
  });

  it('OB2 what checks a connection after a pause belongs to no operation', async () => {
    const cache = cacheOf();
    await cache.get('k');
    const now = Date.now;
    traces.reset();
    try {
      Date.now = () => now() + 5000;
      await trace.getTracer('http').startActiveSpan('GET /', async (span) => {
        await cache.get('k');
        span.end();
      });
    } finally {
      Date.now = now;
    }
    expect(tree()).toEqual([['cache get', ['GET']]]);
    const [ping] = traces.of('node-redis').filter(({ name }) => name === 'PING');
    expect(ping).toBeDefined();
    expect(ping?.parentSpanContext).toBeUndefined();
  });

  it('OB2 metrics: durations in seconds by operation and outcome, of caches, factories and sessions', async () => {
    const cache = cacheOf();
    await cache.getOrSet('metric:1', () => 1);
    await cache.getOrSet('metric:1', () => 1);
    await new SessionService(store, sessionSettings(), systemClock).create();
    const own = (await traces.counts(`${ITEM}.cache.operation.duration`)).filter(
      ({ attributes }) => Reflect.get(attributes, `${ITEM}.cache.key_group`) === 'metric',
    );
    const of = (outcome: string): object => ({
      [`${ITEM}.cache.name`]: 'default',
      [`${ITEM}.cache.key_group`]: 'metric',
      [`${ITEM}.operation.name`]: 'getOrSet',
      [`${ITEM}.operation.outcome`]: outcome,
    });
    expect(own).toEqual([
      { attributes: of('miss'), count: 1 },
      { attributes: of('hit'), count: 1 },
    ]);
    expect((await traces.counts(`${ITEM}.cache.factory.duration`)).length).toBeGreaterThan(0);
    expect((await traces.metric(`${ITEM}.session.operation.duration`))?.descriptor.unit).toBe('s');
    const redis = await traces.counts('db.client.operation.duration');
    expect(redis.length).toBeGreaterThan(0);
  });

  it('OB2 disable() ends it, and enable() twice begins it once; the SDK gives providers of its own', async () => {
    const cache = cacheOf();
    instrumentation.disable();
    expect(channel('nestjs-codex-redis:cache').hasSubscribers).toBe(false);
    await cache.get('k');
    expect(traces.of(OURS)).toEqual([]);
    expect(instrumentation.getConfig()).toEqual({ enabled: false });
    instrumentation.setTracerProvider(traces.tracers);
    instrumentation.enable();
    instrumentation.enable();
    instrumentation.setMeterProvider(traces.meters);
    await cache.get('k');
    expect(tree()).toEqual([['cache get', ['GET']]]);
  });

  it('OB2 of two enabled instrumentations one observes, the other warns and begins when the first is disabled', async () => {
    const cache = cacheOf();
    const counted = async (): Promise<number> =>
      (await traces.counts(`${ITEM}.cache.operation.duration`))
        .filter(({ attributes }) => Reflect.get(attributes, `${ITEM}.operation.name`) === 'incr')
        .reduce((sum, { count }) => sum + count, 0);
    const warned = jest.fn();
    diag.setLogger(
      { error: warned, warn: warned, info: warned, debug: warned, verbose: warned },
      DiagLogLevel.WARN,
    );
    const further = new CodexRedisInstrumentation();
    const before = await counted();
    const observed = async (): Promise<[number, number]> => {
      traces.reset();
      await cache.set('n', 1);
      await cache.incr('n');
      return [traces.of(OURS).length, (await counted()) - before];
    };
    try {
      further.enable();
      further.enable();
      expect(further.getConfig()).toEqual({ enabled: true });
      expect(warned.mock.calls).toEqual([[OURS, expect.stringMatching(/another CodexRedisInstrumentation/)]]);
      expect(await observed()).toEqual([2, 1]);
      instrumentation.setMeterProvider(traces.meters);
      expect(await observed()).toEqual([2, 2]);
      instrumentation.disable();
      expect(await observed()).toEqual([2, 3]);
      instrumentation.enable();
      expect(warned).toHaveBeenCalledTimes(2);
      expect(await observed()).toEqual([2, 4]);
    } finally {
      instrumentation.enable();
      further.disable();
      diag.disable();
    }
    expect(await observed()).toEqual([2, 5]);
  });

  it('OB2 a further instrumentation that is disabled leaves its spans to the first', async () => {
    const further = new CodexRedisInstrumentation();
    further.enable();
    further.disable();
    further.disable();
    expect(further.getConfig()).toEqual({ enabled: false });
    await cacheOf().get('k');
    expect(tree()).toEqual([['cache get', ['GET']]]);
  });
});

/** The commands that a server is asked for meanwhile; what a script does inside is the script's. */
const askedOf = async ({ url }: RedisServer, work: () => Promise<void>): Promise<string[]> => {
  const monitor = createClient({ url });
  await monitor.connect();
  const names: string[] = [];
  let seeEnd!: () => void;
  const ended = new Promise<void>((resolve) => (seeEnd = resolve));
  await monitor.monitor((line) => {
    const [, from, name] = /^\S+ \[\d+ (\S+)\] "([^"]+)"/.exec(line) ?? [];
    if (line.includes('"the end"')) seeEnd();
    else if (from !== 'lua' && name !== undefined && name !== 'PING') names.push(name.toUpperCase());
  });
  await work();
  const marker = createClient({ url });
  await marker.connect();
  await marker.echo('the end');
  await ended;
  for (const client of [monitor, marker]) client.destroy();
  return names.filter((name) => !['HELLO', 'CLIENT', 'INFO'].includes(name));
};
