import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.mjs';

/** Why a call failed, by the name of its class and its code. */
const described = (error) => [error?.name ?? typeof error, error?.code].filter(Boolean).join(' ');

/**
 * How a call ended, after how long and when: with what it resolves to, an error, or `hangs` after so many milliseconds.
 *
 * @param {() => Promise<string>} call
 * @returns {Promise<{ ended: string, ms: number, at: number }>}
 */
export const settled = (call, patienceMs) => {
  const started = now();
  const end = (ended) => ({ ended, ms: now() - started, at: now() });
  return Promise.race([
    call().then(end, (error) => end(described(error))),
    sleep(patienceMs, undefined, { ref: false }).then(() => end('hangs')),
  ]);
};
