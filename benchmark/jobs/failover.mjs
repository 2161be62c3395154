import { setTimeout as sleep } from 'node:timers/promises';
import { settled } from '../core/settled.mjs';

/** Between two calls. */
const PAUSE_MS = 2;

/** By when a Redis that was lost has long returned. */
const RETURNED_MS = 120_000;

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => {
  const write = (key, patienceMs) =>
    settled(async () => {
      await cache.set(key, 'written');
      return 'success';
    }, patienceMs);

  return {
    /** How each of so many concurrent writes ended. */
    writes: (key, callers, patienceMs) =>
      Promise.all(Array.from({ length: callers }, () => write(key, patienceMs))),

    /** Writes until one succeeds: the calls that failed, and when the one that did not had ended. */
    untilWritten: async (key, patienceMs) => {
      const failed = [];
      const end = performance.now() + RETURNED_MS;
      while (performance.now() < end) {
        const call = await write(key, patienceMs);
        if (call.ended === 'success') return { failed, at: call.at };
        if (call.ended === 'hangs') throw new Error('a write hangs');
        failed.push(call);
        await sleep(PAUSE_MS);
      }
      throw new Error(`no write worked, the last one ended with ${failed.at(-1)?.ended}`);
    },

    isThere: async (key) => (await cache.get(key)) === 'written',
  };
};
