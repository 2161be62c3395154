import { figure, table } from './format.mjs';
import { tablesOf } from './tables.mjs';

const BEGIN = '<!-- results: begin -->';
const END = '<!-- results: end -->';

/** The README's text with the results of a run in place of those it has. */
export const withResults = (readme, report) => {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md needs the lines "${BEGIN}" and "${END}"`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${body(report)}\n${readme.slice(end)}`;
};

const body = ({ date, seconds, machine, versions, results }) =>
  [
    `Measured on ${date.slice(0, 10)} in ${seconds} s on ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ` +
      `load average before the run ${figure(machine.loadAverage[0])}.`,
    '',
    table({
      title: 'Versions',
      columns: ['what', 'version'],
      rows: Object.entries(versions).map(([name, version]) => [name, version ?? '–']),
    }),
    ...tablesOf(results).map(table),
  ].join('\n');
