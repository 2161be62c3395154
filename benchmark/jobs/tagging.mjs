import assert from 'node:assert/strict';
import { fill } from '../core/fill.mjs';
import { VALUES } from '../core/values.mjs';

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => ({
  /** Stores so many entries, each with every tag of the contender. */
  fill: async (count) => {
    await fill(cache, count, (n) => `product:${n}`);
    assert.deepEqual(await cache.get('product:0'), VALUES.small);
  },

  /** Milliseconds it took. */
  invalidate: async (tag) => {
    const started = performance.now();
    await cache.invalidateTag(tag);
    const ms = performance.now() - started;
    assert.equal((await cache.get('product:0')) ?? undefined, undefined);
    return ms;
  },

  touch: (tag) => cache.invalidateTag(tag),
});
