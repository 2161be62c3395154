import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(2048);
let used = pool.length;

/**
 * Cryptographic random bytes of the system, which is asked for many at once: that takes no longer than for a few. None is
 * given twice.
 *
 * @param size far fewer than the pool holds
 */
export const randomBytes = (size: number): Buffer => {
  if (used + size > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += size;
  return Buffer.from(pool.subarray(used - size, used));
};
