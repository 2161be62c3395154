import { VALUES } from '../core/values.mjs';

const BATCH = 500;

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => ({
  /** Stores so many entries of 100 B of JSON. */
  fill: async (count) => {
    for (let start = 0; start < count; start += BATCH)
      await Promise.all(
        Array.from({ length: Math.min(BATCH, count - start) }, (_, i) =>
          cache.set(`user:${String(start + i).padStart(6, '0')}`, VALUES.small),
        ),
      );
  },
});
