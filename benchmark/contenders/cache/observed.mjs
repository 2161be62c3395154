import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { subscribe } from 'node:diagnostics_channel';
import { CacheService, CodexRedisModule, JsonSerializer } from '../../../dist/index.js';
import { PREFIX, TTL_SECONDS } from './contract.mjs';

/** What a cache is observed by. */
const OBSERVERS = {
  nobody: () => undefined,
  subscriber: () => {
    const counts = new Map();
    subscribe('nestjs-codex-redis:cache', ({ outcome }) =>
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1),
    );
  },
  metrics: async () => {
    const { CodexRedisInstrumentation } = await import('../../../dist/opentelemetry/index.js');
    const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
      await import('@opentelemetry/sdk-metrics');
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const instrumentation = new CodexRedisInstrumentation();
    const readers = [new PeriodicExportingMetricReader({ exporter })];
    instrumentation.setMeterProvider(new MeterProvider({ readers }));
    instrumentation.enable();
  },
};

/** The store that the module has opened, which no application is given. */
const storeIn = (app) =>
  [...app.container.getModules().values()]
    .flatMap(({ providers }) => [...providers.values()])
    .map(({ instance }) => instance)
    .find((instance) => typeof instance?.compareAndSet === 'function');

/** The module, observed; or what `get` does beside telling of it, written by hand. */
export const open = async ({ observer, byHand = false, ...source }) => {
  const cacheOptions = { keyPrefix: PREFIX, timeout: TTL_SECONDS };
  const module = CodexRedisModule.forRoot({ ...source, cache: cacheOptions });
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  const cache = app.get(CacheService);
  await OBSERVERS[observer]();
  const set = (key, value) => cache.set(key, value);
  if (!byHand) return { get: (key) => cache.get(key), set };
  const store = storeIn(app);
  const serializer = new JsonSerializer();
  const get = async (key) => {
    const text = await store.get(`${PREFIX}:1:${key}`);
    return text === null ? undefined : serializer.loads(text);
  };
  return { get, set };
};
