import { SCENARIOS } from '../scenarios/index.mjs';
import { figure } from './format.mjs';

const measured = (results) => SCENARIOS.filter(({ name }) => results[name] !== undefined);

/** What was measured against what is wanted. */
export const targetTable = (results) => ({
  title: 'This module against its targets',
  columns: ['what', 'wanted', 'measured', 'reached'],
  rows: measured(results)
    .flatMap(({ name, targets }) => targets(results[name]))
    .filter(({ value }) => value !== undefined)
    .map(({ what, wanted, value, reached }) => [what, wanted, figure(value), reached ? 'yes' : 'no']),
});

/** Every table of a run, the targets first. */
export const tablesOf = (results) => [
  targetTable(results),
  ...measured(results).flatMap(({ name, tables }) => tables(results[name])),
];
