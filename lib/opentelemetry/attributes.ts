/**
 * OpenTelemetry has no conventions for caches yet. So what says something of an operation of this module stands in a
 * namespace of its own, and the conventions for databases are left to the instrumentation of node-redis, whose spans and
 * metrics of the same commands would be counted twice otherwise.
 */
export const ATTRIBUTE = {
  operation: 'nestjs_codex_redis.operation.name',
  outcome: 'nestjs_codex_redis.operation.outcome',
  cache: 'nestjs_codex_redis.cache.name',
  keyGroup: 'nestjs_codex_redis.cache.key_group',
  keys: 'nestjs_codex_redis.cache.key.count',
  hits: 'nestjs_codex_redis.cache.hit.count',
  reason: 'nestjs_codex_redis.cache.stale.reason',
} as const;

/** Of the conventions: the class of an error. */
export const ERROR_TYPE = 'error.type';
