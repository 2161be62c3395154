import { context, metrics, type Span, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type HistogramMetricData,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { tracingChannel } from 'node:diagnostics_channel';

/** The real SDK of OpenTelemetry, which keeps what it exports. */
export class Traces {
  readonly #exporter = new InMemorySpanExporter();
  readonly #metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] });
  readonly meters = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({ exporter: this.#metrics, exportIntervalMillis: 3_600_000 }),
    ],
  });

  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(this.tracers);
    metrics.setGlobalMeterProvider(this.meters);
  }

  /** The spans that have ended, by the instrumentation that made them. */
  of(name: string): ReadableSpan[] {
    return this.#exporter
      .getFinishedSpans()
      .filter(({ instrumentationScope }) => instrumentationScope.name === name);
  }

  reset(): void {
    this.#exporter.reset();
  }

  /** What a metric has recorded, each with its attributes and how often. */
  async counts(metric: string): Promise<{ attributes: object; count: number }[]> {
    const data = await this.metric(metric);
    return (data?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, count: value.count }));
  }

  /** What the metrics say of the instrumentation that made them. */
  async scopes(name: string): Promise<object[]> {
    this.#metrics.reset();
    await this.meters.forceFlush();
    return this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.map(({ scope }) => scope))
      .filter((scope) => scope.name === name);
  }

  async metric(metric: string): Promise<HistogramMetricData | undefined> {
    this.#metrics.reset();
    await this.meters.forceFlush();
    return this.#metrics
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: all }) => all))
      .find(({ descriptor }: MetricData) => descriptor.name === metric) as HistogramMetricData | undefined;
  }

  async end(): Promise<void> {
    for (const api of [context, trace, metrics]) api.disable();
    await this.tracers.shutdown();
    await this.meters.shutdown();
  }
}

/** Makes a span of each command of node-redis, as an instrumentation on its channel does. @returns a function that ends it */
export const traceCommands = (): (() => void) => {
  const spans = new WeakMap<object, Span>();
  const end = (command: object): void => spans.get(command)?.end();
  const listener = {
    start: (command: object): void => {
      const tracer = trace.getTracer('node-redis');
      const { command: name } = command as { command: string };
      spans.set(command, tracer.startSpan(name, { kind: SpanKind.CLIENT }));
    },
    end: () => undefined,
    asyncStart: () => undefined,
    asyncEnd: end,
    error: () => undefined,
  };
  const channel = tracingChannel<object, object>('node-redis:command');
  channel.subscribe(listener);
  return () => {
    channel.unsubscribe(listener);
  };
};
