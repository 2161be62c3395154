import { diag, DiagLogLevel, metrics, trace } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { CacheService } from '../../lib/cache/cache.service.js';
import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import { systemClock } from '../../lib/common/clock.js';
import { settle } from '../../lib/config/option.js';
import { readThroughOptions } from '../../lib/config/read-through-options.js';
import { CodexRedisInstrumentation } from '../../lib/opentelemetry/index.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { GatedFactory } from '../support/gated-factory.js';
import { sessionSettings } from '../support/sessions.js';

type Part = 'sampler' | 'onStart' | 'onEnd' | 'meter';

describe('OpenTelemetry: a tracer or a meter that throws', () => {
  /** What throws now. */
  let broken: Part | undefined;
  let reported: unknown[];
  const breakIn = (part: Part): void => {
    if (part === broken) throw new Error(`broken ${part}`);
  };
  const tracers = new BasicTracerProvider({
    sampler: {
      shouldSample: () => {
        breakIn('sampler');
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
    },
    spanProcessors: [
      {
        onStart: () => breakIn('onStart'),
        onEnd: () => breakIn('onEnd'),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  const meters = new MeterProvider({
    views: [
      {
        meterName: 'nestjs-codex-redis',
        attributesProcessors: [
          {
            process: (attributes) => {
              breakIn('meter');
              return attributes;
            },
          },
        ],
      },
    ],
    readers: [],
  });
  const instrumentation = new CodexRedisInstrumentation();
  const store = new MemoryStore();
  const readThrough = settle(readThroughOptions, { grace: 3600, softTimeout: 0 });
  const settings = { place: 'cache.', keyPrefix: 'failing', timeoutMs: 60_000, version: 1, readThrough };
  const cache = new CacheService(store, settings, new JsonSerializer(), systemClock);
  const sessions = new SessionService(store, sessionSettings(), systemClock);

  const ignore = (): void => undefined;
  beforeAll(() => {
    instrumentation.setTracerProvider(tracers);
    instrumentation.setMeterProvider(meters);
    instrumentation.enable();
    const error = (...args: unknown[]): void => void reported.push(args);
    const logger = { error, warn: ignore, info: ignore, debug: ignore, verbose: ignore };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
  });
  beforeEach(() => {
    reported = [];
  });
  afterEach(async () => {
    broken = undefined;
    await cache.clear();
  });
  afterAll(async () => {
    instrumentation.disable();
    for (const api of [diag, trace, metrics]) api.disable();
    await tracers.shutdown();
    await meters.shutdown();
    await store.close();
  });

  const report = (part: Part): unknown[] => [
    'nestjs-codex-redis',
    expect.any(String),
    expect.objectContaining({ message: `broken ${part}` }),
  ];
  const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

  it.each<Part>(['sampler', 'onStart', 'onEnd', 'meter'])(
    'OB2 where the %s throws, no call changes, and it is reported for each operation',
    async (part) => {
      const session = await sessions.create();
      broken = part;
      await cache.set('k', 1);
      expect(await cache.get('k')).toBe(1);
      expect(await cache.getOrSet('l', () => 2)).toBe(2);
      await expect(cache.getOrSet('m', () => Promise.reject(new RangeError('own')))).rejects.toThrow('own');
      expect(await sessions.exists(session.key!)).toBe(true);
      expect(reported).toEqual(times(5, report(part)));
    },
  );

  it.each<Part>(['sampler', 'onStart', 'onEnd', 'meter'])(
    'OB2 where the %s throws for a refresh that was left behind, the process goes on',
    async (part) => {
      const gate = new GatedFactory<string>();
      await cache.set('k', 'old', '10ms');
      await new Promise((resolve) => setTimeout(resolve, 50));
      broken = part;
      expect(await cache.getOrSet('k', gate.factory, '100s')).toBe('old');
      gate.open('new');
      await flightsOn(store).settled();
      broken = undefined;
      expect(await cache.get('k')).toBe('new');
      expect(reported).toEqual(times(2, report(part)));
    },
  );
});
