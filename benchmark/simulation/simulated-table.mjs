import { figure } from '../report/format.mjs';
import { simulate } from './shared-flight.mjs';

const BEGIN = '<!-- simulation: begin (node benchmark/simulation/write-tables.mjs) -->';
const END = '<!-- simulation: end -->';

const SCENES = [
  ['a factory of 200 ms', { factoryMs: 200 }],
  ['a factory of 1 s', { factoryMs: 1000 }],
  ['a factory of 8 s, longer than `wait`', { factoryMs: 8000 }],
  ['… with `wait: "15s"`', { factoryMs: 8000, waitMs: 15_000 }],
  ['200 ms, the first owner is killed', { factoryMs: 200, ownerDies: true }],
  ['… with `wait: "15s"`', { factoryMs: 200, waitMs: 15_000, ownerDies: true }],
];

const percent = (part) => (part < 0.01 ? '< 1 %' : `${Math.round(part * 100)} %`);

const rowOf = ([name, scene], processes) => {
  const { runs, commands, busiest, median, worst } = simulate({ processes, ...scene });
  return [
    name,
    figure(processes),
    figure(runs).replace(/\.0+$/, ''),
    figure(commands),
    percent(busiest),
    `${figure(median)} ms`,
    `${figure(worst)} ms`,
  ];
};

const COLUMNS = ['cold key', 'processes', 'runs', 'commands', 'Redis busy', 'median', 'slowest'];

const lineOf = (cells) => `| ${cells.join(' | ')} |`;

const simulatedTable = () =>
  [
    lineOf(COLUMNS),
    lineOf(COLUMNS.map((_, i) => (i === 0 ? '---' : '--:'))),
    ...SCENES.flatMap((scene) => [100, 1000].map((processes) => lineOf(rowOf(scene, processes)))),
  ].join('\n');

/** The page with what the simulation gives in place of the table it has. */
export const withTable = (page) => {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${simulatedTable()}\n\n${page.slice(end)}`;
};
