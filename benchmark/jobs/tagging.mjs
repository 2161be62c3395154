import assert from 'node:assert/strict';
import { VALUES } from '../core/values.mjs';

const BATCH = 500;

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => ({
  /** Stores so many entries, each with every tag of the contender. */
  fill: async (count) => {
    for (let start = 0; start < count; start += BATCH)
      await Promise.all(
        Array.from({ length: Math.min(BATCH, count - start) }, (_, i) =>
          cache.set(`product:${start + i}`, VALUES.small),
        ),
      );
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
