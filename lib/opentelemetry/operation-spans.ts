import {
  context,
  type Context,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { CacheEvent } from '../telemetry/cache-channel.js';
import type { BegunOperation, OperationEvent, Surrounder, Surroundings } from '../telemetry/operations.js';
import { ATTRIBUTE, ERROR_TYPE } from './attributes.js';
import { guarded } from './guarded.js';
import { errorLabels, keyGroupLabels } from './labels.js';

/** Makes a span of each operation. A span of its Redis commands, by an instrumentation of node-redis, is its child. */
export class OperationSpans implements Surrounder {
  /** @param tracer asked at each operation, since the SDK may start later than the instrumentation */
  constructor(private readonly tracer: () => Tracer) {}

  begin(target: 'cache' | 'session', operation: BegunOperation, isBehind: boolean): Surroundings | undefined {
    return guarded(() => this.#spanOf(target, operation, isBehind));
  }

  #spanOf(target: 'cache' | 'session', operation: BegunOperation, isBehind: boolean): Surroundings {
    const active = context.active();
    const parent = isBehind ? ROOT_CONTEXT : active;
    const span = this.tracer().startSpan(
      `${target} ${operation.operation}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: beginningOf(operation),
        links: isBehind ? linksTo(trace.getSpanContext(active)) : [],
      },
      parent,
    );
    return new OperationSpan(span, trace.setSpan(parent, span));
  }
}

class OperationSpan implements Surroundings {
  constructor(
    private readonly span: Span,
    private readonly own: Context,
  ) {}

  within<T>(work: () => T): T {
    return context.with(this.own, work);
  }

  end(event: OperationEvent): void {
    guarded(() => this.#end(event));
  }

  #end(event: OperationEvent): void {
    const { keys, hits, reason } = event as CacheEvent;
    this.span.setAttribute(ATTRIBUTE.outcome, event.outcome);
    if (keys !== undefined) this.span.setAttribute(ATTRIBUTE.keys, keys);
    if (hits !== undefined) this.span.setAttribute(ATTRIBUTE.hits, hits);
    if (reason !== undefined) this.span.setAttribute(ATTRIBUTE.reason, reason);
    if (event.error !== undefined) this.span.setAttribute(ERROR_TYPE, errorLabels.of(event.error));
    // the message of an error may hold a key
    if (event.outcome === 'error') this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}

const beginningOf = ({ operation, cache, keyGroup }: BegunOperation): Record<string, string> => ({
  [ATTRIBUTE.operation]: operation,
  ...(cache !== undefined && { [ATTRIBUTE.cache]: cache }),
  ...(keyGroup !== undefined && { [ATTRIBUTE.keyGroup]: keyGroupLabels.of(keyGroup) }),
});

const linksTo = (spanContext: Link['context'] | undefined): Link[] =>
  spanContext === undefined ? [] : [{ context: spanContext }];
