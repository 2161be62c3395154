/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => ({
  /** Milliseconds it took. */
  clear: async () => {
    const started = performance.now();
    await cache.clear();
    return performance.now() - started;
  },
});
