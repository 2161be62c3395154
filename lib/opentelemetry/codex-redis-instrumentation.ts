import { type MeterProvider, metrics, trace, type TracerProvider } from '@opentelemetry/api';
import { listenToOperations } from '../telemetry/listen.js';
import { leaveOperations, surroundOperations } from '../telemetry/operations.js';
import { OperationMetrics } from './operation-metrics.js';
import { OperationSpans } from './operation-spans.js';

const NAME = 'nestjs-codex-redis';

/**
 * Spans and metrics of the operations on all caches and sessions of this process, for OpenTelemetry.
 *
 * Give one to the SDK beside other instrumentations, `instrumentations: [new CodexRedisInstrumentation()]`, or call `enable()`.
 * The spans of an instrumentation of node-redis are children of those of this one.
 */
export class CodexRedisInstrumentation {
  readonly instrumentationName = NAME;
  readonly instrumentationVersion = '';
  #tracers: TracerProvider = trace;
  #meters: MeterProvider | undefined;
  #end: (() => void) | undefined;

  /** Begins to observe, if it has not begun. */
  enable(): void {
    if (this.#end !== undefined) return;
    const spans = new OperationSpans(() => this.#tracers.getTracer(NAME));
    surroundOperations(spans);
    const stopListening = listenToOperations(new OperationMetrics((this.#meters ?? metrics).getMeter(NAME)));
    this.#end = () => {
      leaveOperations(spans);
      stopListening();
    };
  }

  /** Ends to observe. */
  disable(): void {
    this.#end?.();
    this.#end = undefined;
  }

  /** For the SDK: where spans go. The provider of the process where it is not called. */
  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider;
  }

  /** For the SDK: where metrics go. The provider of the process where it is not called. */
  setMeterProvider(provider: MeterProvider): void {
    this.#meters = provider;
    if (this.#end === undefined) return;
    this.disable();
    this.enable();
  }

  /** For the SDK, which enables an instrumentation that is not enabled yet. */
  getConfig(): { readonly enabled: boolean } {
    return { enabled: this.#end !== undefined };
  }

  /** For the SDK; there is nothing to set. */
  setConfig(): void {
    // nothing to set
  }
}
