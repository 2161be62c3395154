/**
 * Writes the simulated table of docs/scaling.md, and its picture. Both follow from the seed: they are the same on any machine.
 *
 *     node benchmark/simulation/write-tables.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { barChart } from '../report/chart.mjs';
import { figure } from '../report/format.mjs';
import { withTable } from './simulated-table.mjs';
import { simulate } from './shared-flight.mjs';

const PAGE = new URL('../../docs/scaling.md', import.meta.url);
const PICTURE = new URL('../../docs/assets/shared-flight.svg', import.meta.url);

const runsOf = (processes) =>
  [true, false].map((shared) => simulate({ processes, factoryMs: 1000, shared }).runs);

writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8')));
writeFileSync(
  PICTURE,
  barChart({
    title: 'A cold key: how often the factory runs',
    subtitle: 'A factory of one second, asked for by all processes within a tenth of a second. Simulated.',
    contenders: ["singleFlight: 'shared'", 'each process by itself'],
    groups: [10, 100, 1000].map((processes) => ({
      label: `${figure(processes)} processes`,
      values: runsOf(processes),
    })),
    print: figure,
  }),
);
