import { fill } from '../core/fill.mjs';

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => ({
  /** Stores so many entries under keys of one length. */
  fill: (count) => fill(cache, count, (n) => `user:${String(n).padStart(6, '0')}`),
});
