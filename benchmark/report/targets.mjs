/**
 * What a figure of this module should be.
 *
 * @typedef {object} Target
 * @property {string} what
 * @property {string} wanted
 * @property {number | undefined} value `undefined` when the run did not measure it
 * @property {boolean} reached
 */

/** @returns {Target} */
export const atLeast = (what, value, least) => ({
  what,
  wanted: `≥ ${least}`,
  value,
  reached: value >= least,
});

/** @returns {Target} */
export const atMost = (what, value, most) => ({ what, wanted: `≤ ${most}`, value, reached: value <= most });
