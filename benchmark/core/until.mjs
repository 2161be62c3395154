import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.mjs';

/** Between two looks: a fraction of what is measured. */
const PAUSE_MS = 3;

const PATIENCE_MS = 60_000;

/**
 * Looks again and again until `condition` holds; a look that fails is a no.
 *
 * @returns {Promise<number>} when it held, on the clock that all processes share
 */
export const until = async (what, condition) => {
  const end = now() + PATIENCE_MS;
  do {
    if (await condition().catch(() => false)) return now();
    await sleep(PAUSE_MS);
  } while (now() < end);
  throw new Error(`It took more than ${PATIENCE_MS} ms until ${what}`);
};
