import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { VALUES } from '../core/values.mjs';

/** How long the value takes to make, in milliseconds. */
export const FACTORY_MS = 20;

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => ({
  /** So many callers ask at once for a value that nobody has. */
  rush: async (key, callers) => {
    let runs = 0;
    const factory = async () => {
      runs += 1;
      await sleep(FACTORY_MS);
      return VALUES.small;
    };
    const started = performance.now();
    const values = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet(key, factory)));
    const ms = performance.now() - started;
    assert.deepEqual(values.at(-1), VALUES.small);
    return { ms, runs };
  },
});
