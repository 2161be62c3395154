import assert from 'node:assert/strict';
import { VALUES } from '../core/values.mjs';

/** How many entries `getMany` and `setMany` handle at once. */
export const MANY = 100;

/** How many keys the operations go round. */
const KEYS = { small: 512, medium: 512, large: 64, counter: 512 };

const keyOf = (size, i) => `${size}:${i % KEYS[size]}`;

const keysFrom = (size, i) => Array.from({ length: MANY }, (_, offset) => keyOf(size, i + offset));

/** What is asked for has been stored. */
const notFound = () => assert.fail('an entry was not found');

/** What each operation does the i-th time, by its name. */
const operations = (cache) => ({
  get: (size, i) => cache.get(keyOf(size, i)),
  set: (size, i) => cache.set(keyOf(size, i), VALUES[size]),
  incr: (_size, i) => cache.incr(keyOf('counter', i)),
  getMany: (size, i) => cache.getMany(keysFrom(size, i)),
  getOrSet: (size, i) => cache.getOrSet(keyOf(size, i), notFound),
  setMany: (size, i) => cache.setMany(keysFrom(size, i).map((key) => [key, VALUES[size]])),
});

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => {
  const run = operations(cache);
  const supports = (operation) => cache[operation] !== undefined;

  const repeat = async (operation, size, callers, enough) => {
    let done = 0;
    const caller = async () => {
      while (!enough(done)) {
        done += 1;
        await run[operation](size, done);
      }
    };
    const started = performance.now();
    await Promise.all(Array.from({ length: callers }, caller));
    return { done, ms: performance.now() - started };
  };

  return {
    supports,

    /** Stores what the operations read, and makes sure that the contender gives back what it was given. */
    prepare: async (size) => {
      for (let i = 0; i < KEYS[size]; i += 1) await cache.set(keyOf(size, i), VALUES[size]);
      assert.deepEqual(await cache.get(keyOf(size, 1)), VALUES[size]);
      if (supports('getMany'))
        for (const value of (await run.getMany(size, 0)).values()) assert.deepEqual(value, VALUES[size]);
      if (!supports('incr')) return;
      for (let i = 0; i < KEYS.counter; i += 1) await cache.set(keyOf('counter', i), 0);
      assert.equal(await run.incr(size, 0), 1);
    },

    /** Operations per second of so many concurrent callers, and what one costs this process. */
    measure: async (operation, size, callers, sliceMs) => {
      let over = false;
      const cpuBefore = process.cpuUsage();
      const { done, ms } = await Promise.all([
        repeat(operation, size, callers, () => over),
        new Promise((resolve) => setTimeout(resolve, sliceMs)).then(() => (over = true)),
      ]).then(([result]) => result);
      const { user, system } = process.cpuUsage(cpuBefore);
      return { perSecond: (done / ms) * 1000, cpuMicros: (user + system) / done };
    },

    times: async (operation, size, count) => {
      await repeat(operation, size, 1, (done) => done >= count);
    },
  };
};
