import { type MeterProvider, metrics, trace, type TracerProvider } from '@opentelemetry/api';
import { listenToOperations } from '../telemetry/listen.js';
import { surroundOperations } from '../telemetry/operations.js';
import { diagnostics } from './guarded.js';
import { OperationMetrics } from './operation-metrics.js';
import { OperationSpans } from './operation-spans.js';

const NAME = 'nestjs-codex-redis';

/** The version of this package. A test holds it to package.json, which the bundle would find elsewhere than the sources. */
const VERSION = '0.2.0';

/** Those that are enabled. The first of them observes; if each did, every operation would be counted more than once. */
const enabled: CodexRedisInstrumentation[] = [];

/**
 * Spans and metrics of the operations on all caches and sessions of this process, for OpenTelemetry.
 *
 * Give one to the SDK beside other instrumentations, `instrumentations: [new CodexRedisInstrumentation()]`, or call `enable()`.
 * The spans of an instrumentation of node-redis are children of those of this one.
 */
export class CodexRedisInstrumentation {
  readonly instrumentationName = NAME;
  readonly instrumentationVersion = VERSION;
  #tracers: TracerProvider = trace;
  #meters: MeterProvider | undefined;
  #end: (() => void) | undefined;

  /** Begins to observe. While another instrumentation is enabled, it waits until that is disabled, and warns. */
  enable(): void {
    if (enabled.includes(this)) return;
    enabled.push(this);
    if (enabled[0] === this) this.#begin();
    else
      diagnostics.warn(
        'another CodexRedisInstrumentation is enabled and observes already; ' +
          'this one begins when that one is disabled. Enable one for each process',
      );
  }

  /** Ends to observe. */
  disable(): void {
    if (!enabled.includes(this)) return;
    enabled.splice(enabled.indexOf(this), 1);
    if (this.#end === undefined) return;
    this.#end();
    this.#end = undefined;
    const [next] = enabled;
    if (next !== undefined) next.#begin();
  }

  /** For the SDK: where spans go. The provider of the process where it is not called. */
  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider;
  }

  /** For the SDK: where metrics go. The provider of the process where it is not called. */
  setMeterProvider(provider: MeterProvider): void {
    this.#meters = provider;
    if (this.#end === undefined) return;
    this.#end();
    this.#begin();
  }

  /** For the SDK, which enables an instrumentation that is not enabled yet. */
  getConfig(): { readonly enabled: boolean } {
    return { enabled: enabled.includes(this) };
  }

  /** For the SDK; there is nothing to set. */
  setConfig(): void {
    // nothing to set
  }

  #begin(): void {
    surroundOperations(new OperationSpans(() => this.#tracers.getTracer(NAME, VERSION)));
    const stopListening = listenToOperations(
      new OperationMetrics((this.#meters ?? metrics).getMeter(NAME, VERSION)),
    );
    this.#end = () => {
      surroundOperations(undefined);
      stopListening();
    };
  }
}
