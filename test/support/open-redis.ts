import type { RedisClientOptions } from 'redis';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { openRedisStore } from '../../lib/store/redis/open-redis-store.js';

export interface OpenRedisOptions {
  readonly operationTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly clientOptions?: RedisClientOptions;
}

/** A store of the module on a url. */
export const openRedis = (
  url: string,
  { operationTimeoutMs = 1000, connectTimeoutMs = 2000, clientOptions = {} }: OpenRedisOptions = {},
): KeyValueStore =>
  openRedisStore({ source: { kind: 'url', url }, clientOptions, operationTimeoutMs, connectTimeoutMs });
