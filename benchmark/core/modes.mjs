/**
 * How long a run measures.
 *
 * @typedef {object} Mode
 * @property {string} name
 * @property {number} rounds how often each contender has its turn
 * @property {number} sliceMs how long a turn of the cache and of the serializers lasts
 * @property {number} httpSliceMs how long a turn of a web application lasts
 * @property {number} warmUpMs
 * @property {number} httpWarmUpMs
 * @property {number[]} callers numbers of concurrent callers
 * @property {number} clearKeys how many keys `clear()` has to find among three times as many
 * @property {number} entries how many entries the memory of one is averaged over
 * @property {number} patienceMs after how long a call counts as hanging
 */

/** @type {Record<string, Mode>} */
export const MODES = {
  full: {
    name: 'full',
    rounds: 5,
    sliceMs: 150,
    httpSliceMs: 600,
    warmUpMs: 100,
    httpWarmUpMs: 400,
    callers: [1, 16, 256],
    clearKeys: 100_000,
    entries: 20_000,
    patienceMs: 5500,
  },
  quick: {
    name: 'quick',
    rounds: 2,
    sliceMs: 25,
    httpSliceMs: 150,
    warmUpMs: 20,
    httpWarmUpMs: 300,
    callers: [16, 256],
    clearKeys: 20_000,
    entries: 5_000,
    patienceMs: 1500,
  },
  smoke: {
    name: 'smoke',
    rounds: 1,
    sliceMs: 5,
    httpSliceMs: 50,
    warmUpMs: 0,
    httpWarmUpMs: 0,
    callers: [2],
    clearKeys: 1_000,
    entries: 200,
    patienceMs: 1500,
  },
};
