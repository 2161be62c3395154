import { figure } from './format.mjs';

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

/** The table of what was measured against what is wanted. */
export const targetTable = (targets) => ({
  title: 'This module against its targets',
  columns: ['what', 'wanted', 'measured', 'reached'],
  rows: targets.map(({ what, wanted, value, reached }) => [
    what,
    wanted,
    figure(value),
    reached ? 'yes' : 'no',
  ]),
});
