import { Inject, Injectable } from '@nestjs/common';
import { CodexRedisError } from '../errors/codex-redis.error.js';
import { STORES } from '../tokens/internal-tokens.js';
import type { KeyValueStore } from './key-value-store.js';
import type { Stores } from './stores.js';

/** The state of one connection. */
export type ConnectionHealth =
  | { readonly purpose: 'cache' | 'session'; readonly status: 'up'; readonly latencyMs: number }
  | { readonly purpose: 'cache' | 'session'; readonly status: 'down'; readonly code: string };

/** The state of all connections; `down` as soon as one is. */
export interface HealthReport {
  readonly status: 'up' | 'down';
  readonly connections: readonly ConnectionHealth[];
}

/** Asks the connections that the application uses for a sign of life; opens none of its own. */
@Injectable()
export class CodexRedisHealth {
  constructor(@Inject(STORES) private readonly stores: Stores) {}

  /** Settles within `operationTimeoutMs` and never rejects. */
  async check(): Promise<HealthReport> {
    const stores = await this.stores.all();
    const connections = await Promise.all(stores.map(([purpose, store]) => checkStore(purpose, store)));
    return { status: connections.every(({ status }) => status === 'up') ? 'up' : 'down', connections };
  }
}

const checkStore = async (purpose: 'cache' | 'session', store: KeyValueStore): Promise<ConnectionHealth> => {
  const start = performance.now();
  try {
    await store.ping();
    return { purpose, status: 'up', latencyMs: Math.round((performance.now() - start) * 1000) / 1000 };
  } catch (error) {
    return { purpose, status: 'down', code: error instanceof CodexRedisError ? error.code : 'UNKNOWN' };
  }
};
