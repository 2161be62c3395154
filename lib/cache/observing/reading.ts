import type { CacheEvent, CacheOutcome } from '../../telemetry/cache-channel.js';

/** The way in which the value of a key was obtained. */
export interface Reading extends Pick<CacheEvent, 'factoryDuration' | 'reason' | 'error'> {
  readonly outcome: Exclude<CacheOutcome, 'done' | 'error'>;
}

export const HIT: Reading = { outcome: 'hit' };
export const MISS: Reading = { outcome: 'miss' };
export const JOINED: Reading = { outcome: 'joined' };
export const WAITED: Reading = { outcome: 'waited' };

/** The listeners for reads. */
export interface ReadReport {
  /** One key; of a call for many, each. */
  read(reading: Reading): void;
  /** The call has failed. */
  failed(): void;
}

/** The cost of each outcome, for comparing: a higher number costs more. */
const COST: Readonly<Record<Reading['outcome'], number>> = {
  hit: 0,
  stale: 1,
  joined: 2,
  waited: 3,
  miss: 4,
  fenced: 5,
  computed: 6,
};

/** The common reading of many keys: the outcome of the one that cost most. */
export const ofMany = (readings: readonly Reading[]): Reading & Pick<CacheEvent, 'keys' | 'hits'> => {
  const costliest = readings.reduce(costlier, HIT);
  const hits = readings.filter(({ outcome }) => outcome === 'hit').length;
  return { ...costliest, keys: readings.length, hits };
};

const costlier = (one: Reading, other: Reading): Reading => {
  const difference = COST[other.outcome] - COST[one.outcome];
  const isLonger = (other.factoryDuration ?? 0) > (one.factoryDuration ?? 0);
  return difference > 0 || (difference === 0 && isLonger) ? other : one;
};
