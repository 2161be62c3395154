import type { Attributes, Histogram, Meter } from '@opentelemetry/api';
import type { CacheEvent } from '../telemetry/cache-channel.js';
import { DURATION_BUCKETS, type OperationListener, secondsOf } from '../telemetry/listen.js';
import type { OperationEvent } from '../telemetry/operations.js';
import type { SessionOperationEvent } from '../telemetry/session-channel.js';
import { ATTRIBUTE, ERROR_TYPE } from './attributes.js';
import { guarded } from './guarded.js';
import { errorLabels, keyGroupLabels } from './labels.js';

/** Records how long operations take; a histogram counts them, too. */
export class OperationMetrics implements OperationListener {
  readonly #cache: Histogram;
  readonly #factory: Histogram;
  readonly #session: Histogram;

  constructor(meter: Meter) {
    const duration = (name: string, description: string): Histogram =>
      meter.createHistogram(`nestjs_codex_redis.${name}.duration`, {
        description,
        unit: 's',
        advice: { explicitBucketBoundaries: DURATION_BUCKETS },
      });
    this.#cache = duration('cache.operation', 'Duration of operations on caches');
    this.#factory = duration('cache.factory', 'Duration of the factories of cached values');
    this.#session = duration('session.operation', 'Duration of operations on stored sessions');
  }

  onCache(event: CacheEvent): void {
    guarded(() => this.#recordCache(event));
  }

  onSession(event: SessionOperationEvent): void {
    guarded(() => this.#session.record(secondsOf(event.duration), attributesOf(event)));
  }

  #recordCache(event: CacheEvent): void {
    const of: Attributes = { [ATTRIBUTE.cache]: event.cache };
    if (event.keyGroup !== undefined) of[ATTRIBUTE.keyGroup] = keyGroupLabels.of(event.keyGroup);
    this.#cache.record(secondsOf(event.duration), { ...of, ...attributesOf(event) });
    if (event.factoryDuration !== undefined) this.#factory.record(secondsOf(event.factoryDuration), of);
  }
}

const attributesOf = ({ operation, outcome, error }: OperationEvent): Attributes => ({
  [ATTRIBUTE.operation]: operation,
  [ATTRIBUTE.outcome]: outcome,
  ...(error !== undefined && { [ERROR_TYPE]: errorLabels.of(error) }),
});
