/**
 * How long a run measures.
 *
 * @typedef {object} Mode
 * @property {string} name
 * @property {number} rounds how often each contender has its turn
 * @property {number} faultRounds how often each contender loses its Redis
 * @property {number} starts how often an application is started to see what that takes
 * @property {number} sliceMs how long a turn of the cache and of the serializers lasts
 * @property {number} warmUpMs
 * @property {number} httpStarts how often each web application is started again
 * @property {number} httpRounds how often it has its turn each time
 * @property {number} httpSliceMs how long a turn lasts
 * @property {number} httpWarmUp requests of each kind before it is measured
 * @property {number[]} [callers] numbers of concurrent callers of the cache; without it, what has a figure to reach is measured
 * @property {boolean} sideBySide whether scenarios run together that can
 * @property {number} clearKeys how many keys `clear()` has to find among three times as many
 * @property {number} entries how many entries the memory of one is averaged over
 * @property {number} patienceMs after how long a call counts as hanging
 */

/** @type {Record<string, Mode>} */
export const MODES = {
  full: {
    name: 'full',
    rounds: 5,
    faultRounds: 3,
    starts: 20,
    sliceMs: 130,
    warmUpMs: 100,
    httpStarts: 3,
    httpRounds: 6,
    httpSliceMs: 200,
    httpWarmUp: 2000,
    callers: [1, 16, 256],
    sideBySide: false,
    clearKeys: 100_000,
    entries: 20_000,
    patienceMs: 5500,
  },
  quick: {
    name: 'quick',
    rounds: 1,
    faultRounds: 1,
    starts: 1,
    sliceMs: 20,
    warmUpMs: 10,
    httpStarts: 1,
    httpRounds: 1,
    httpSliceMs: 100,
    httpWarmUp: 200,
    sideBySide: true,
    clearKeys: 20_000,
    entries: 5_000,
    patienceMs: 1500,
  },
  smoke: {
    name: 'smoke',
    rounds: 1,
    faultRounds: 1,
    starts: 1,
    sliceMs: 5,
    warmUpMs: 0,
    httpStarts: 1,
    httpRounds: 1,
    httpSliceMs: 50,
    httpWarmUp: 0,
    callers: [2],
    sideBySide: true,
    clearKeys: 1_000,
    entries: 200,
    patienceMs: 1500,
  },
};
