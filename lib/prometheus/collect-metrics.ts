import { Counter, Histogram, register as globalRegister, type Registry } from 'prom-client';
import { BoundedLabels } from '../telemetry/bounded-labels.js';
import { DURATION_BUCKETS, listenToOperations, secondsOf } from '../telemetry/listen.js';

/** The registry and the names of the metrics. */
export interface CollectMetricsOptions {
  /** @default the global registry of prom-client */
  readonly register?: Registry;
}

/**
 * Counts the operations of all caches and sessions of this process in a registry of prom-client, and how long they take:
 *
 * - `nestjs_codex_redis_cache_operations_total`, by `cache`, `operation`, `outcome`, `key_group` and `error`
 * - `nestjs_codex_redis_cache_operation_duration_seconds`, by `cache` and `operation`
 * - `nestjs_codex_redis_cache_factory_duration_seconds`, by `cache` and `key_group`
 * - `nestjs_codex_redis_session_operations_total`, by `operation`, `outcome` and `error`
 * - `nestjs_codex_redis_session_operation_duration_seconds`, by `operation`
 *
 * No label is a key. Of key groups, and of names of errors, 100 are told apart; further ones are `other`. The errors of
 * this module always have their names.
 *
 * @returns a function that ends it, and takes the metrics out of the registry
 * @throws Error when the registry has these metrics already
 */
export const collectCodexRedisMetrics = ({
  register = globalRegister,
}: CollectMetricsOptions = {}): (() => void) => {
  const metrics = metricsIn(register);
  const groups = BoundedLabels.ofKeyGroups();
  const errors = BoundedLabels.ofErrors();
  const end = listenToOperations({
    onCache: ({ cache, operation, outcome, keyGroup, error, duration, factoryDuration }) => {
      const key_group = groups.of(keyGroup);
      metrics.cacheOperations.inc({ cache, operation, outcome, key_group, error: errors.of(error) });
      metrics.cacheDuration.observe({ cache, operation }, secondsOf(duration));
      if (factoryDuration !== undefined)
        metrics.factoryDuration.observe({ cache, key_group }, secondsOf(factoryDuration));
    },
    onSession: ({ operation, outcome, error, duration }) => {
      metrics.sessionOperations.inc({ operation, outcome, error: errors.of(error) });
      metrics.sessionDuration.observe({ operation }, secondsOf(duration));
    },
  });
  return () => {
    end();
    // a registry that was cleared may have another's by these names
    for (const metric of Object.values(metrics)) {
      const { name } = metric as unknown as { name: string };
      if (register.getSingleMetric(name) === metric) register.removeSingleMetric(name);
    }
  };
};

const metricsIn = (register: Registry) => {
  const registers = [register];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `nestjs_codex_redis_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L> =>
    new Histogram({
      name: `nestjs_codex_redis_${name}`,
      help,
      labelNames,
      buckets: DURATION_BUCKETS,
      registers,
    });
  return {
    cacheOperations: counter('cache_operations_total', 'Operations on caches', [
      'cache',
      'operation',
      'outcome',
      'key_group',
      'error',
    ]),
    cacheDuration: histogram('cache_operation_duration_seconds', 'How long operations on caches take', [
      'cache',
      'operation',
    ]),
    factoryDuration: histogram('cache_factory_duration_seconds', 'How long factories of cached values take', [
      'cache',
      'key_group',
    ]),
    sessionOperations: counter('session_operations_total', 'Operations on stored sessions', [
      'operation',
      'outcome',
      'error',
    ]),
    sessionDuration: histogram(
      'session_operation_duration_seconds',
      'How long operations on stored sessions take',
      ['operation'],
    ),
  };
};
