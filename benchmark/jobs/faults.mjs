import { setTimeout as sleep } from 'node:timers/promises';
import { settled } from '../core/settled.mjs';

/** Between two looks whether Redis is back. */
const PAUSE_MS = 5;

const READ = 'fault:read';

/** @param {import('../contenders/cache/contract.mjs').CacheContender} cache */
export const createJob = (cache) => {
  const calls = {
    read: async () => ((await cache.get(READ)) === undefined ? 'miss' : 'value'),
    write: async (key) => {
      await cache.set(key, 'written');
      return 'success';
    },
  };

  return {
    /** How the slowest of so many concurrent reads of an entry ended. */
    read: async (callers, patienceMs) => {
      const all = await Promise.all(Array.from({ length: callers }, () => settled(calls.read, patienceMs)));
      return all.reduce((slowest, one) => (one.ms > slowest.ms ? one : slowest));
    },

    /** How a write ended. */
    write: (key, patienceMs) => settled(() => calls.write(key), patienceMs),

    /** Milliseconds until a value that is written is read again. */
    untilWorking: async (patienceMs) => {
      const started = performance.now();
      const left = () => Math.max(0, patienceMs - (performance.now() - started));
      let round = 0;
      do {
        round += 1;
        const wrote = await Promise.race([
          works(cache, `back:${round}`),
          sleep(left(), false, { ref: false }),
        ]);
        if (wrote) {
          const ms = performance.now() - started;
          await cache.set(READ, 'value');
          return ms;
        }
        await sleep(PAUSE_MS);
      } while (left() > 0);
      throw new Error('it never worked again');
    },

    isThere: async (key) => (await cache.get(key)) === 'written',
  };
};

const works = async (cache, key) => {
  try {
    await cache.set(key, 'back');
    return (await cache.get(key)) === 'back';
  } catch {
    return false;
  }
};
