import { flightsOn } from '../cache/read-through/single-flight.js';
import { ignore } from '../common/ignore.js';
import { within } from '../common/within.js';
import type { Stores } from '../store/stores.js';

/** Waits, for so many milliseconds at most, for runs of `getOrSet` that go on behind their callers to store what they make. */
export const settleRuns = async (stores: Stores, ms: number): Promise<void> => {
  const caches = (await stores.all()).filter(([purpose]) => purpose === 'cache');
  const settled = (): Promise<unknown> => Promise.all(caches.map(([, store]) => flightsOn(store).settled()));
  await within(ms, settled, () => undefined).catch(ignore);
};
