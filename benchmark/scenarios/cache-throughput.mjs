import { CACHES, cachesFor, OURS, OURS_TRUSTING, RAW } from '../contenders/cache/index.mjs';
import { countCommands } from '../core/command-monitor.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { sideBySide } from '../core/side-by-side.mjs';
import { mapValues, median, medianRatio } from '../core/statistics.mjs';
import { atLeast } from '../report/targets.mjs';
import { commandsEach, figure } from '../report/format.mjs';

export const title = 'Cache operations';

const COUNTED = 20;

/** Enough for V8 to know the code; more would take as long as what is measured. */
const WARM_UP_CALLERS = 16;

/** The figures to reach: ratios to node-redis. */
const WANTED = [
  { operation: 'get', size: 'small', callers: 256, least: 1 },
  { operation: 'get', size: 'medium', callers: 16, least: 0.95 },
  { operation: 'get', size: 'large', callers: 16, least: 0.9 },
  { operation: 'set', size: 'small', callers: 256, least: 0.97 },
  { operation: 'set', size: 'medium', callers: 256, least: 0.85 },
  { operation: 'set', size: 'large', callers: 256, least: 0.7 },
  { operation: 'incr', size: 'small', callers: 256, least: 0.9 },
  { operation: 'getMany', size: 'small', callers: 16, least: 0.9 },
  { operation: 'setMany', size: 'small', callers: 16, least: 1.2 },
  { operation: 'setMany', size: 'medium', callers: 16, least: 0.88 },
];

/**
 * What is measured: 100 large values a call, or 100 medium ones for 256 callers, would keep hundreds of megabytes
 * in flight and measure the memory.
 */
const cells = (callers) => {
  if (callers === undefined) return WANTED;
  const cell = (operation, size, most = Infinity) =>
    callers
      .filter((c) => c <= most || callers.length === 1)
      .map((c) => ({ operation, size, callers: Math.min(c, most) }));
  return [
    ...['get', 'set'].flatMap((operation) =>
      ['small', 'medium', 'large'].flatMap((size) => cell(operation, size)),
    ),
    ...cell('incr', 'small'),
    ...['getMany', 'setMany'].flatMap((operation) => [
      ...cell(operation, 'small'),
      ...cell(operation, 'medium', 16),
      ...cell(operation, 'large', 1),
    ]),
  ];
};

/** @param {import('../core/modes.mjs').Mode} mode */
export const run = async ({ redis, mode }) =>
  withContenders(cachesFor('cache-throughput', redis), async (contenders) => {
    await sideBySide(contenders.map(prepare));
    const commands = await commandsOf(contenders, redis.url);
    const results = [];
    for (const { operation, size, callers } of cells(mode.callers)) {
      const cell = { operation, size, callers };
      results.push({ ...cell, ...(await measureCell(contenders, cell, mode)) });
    }
    return { commands, cells: results };
  });

const prepare = async (contender) => {
  for (const size of ['small', 'medium', 'large']) await contender.call('prepare', size);
};

const supporting = async (contenders, operation) => {
  const answers = await Promise.all(contenders.map((contender) => contender.call('supports', operation)));
  return contenders.filter((_, i) => answers[i]);
};

const measureCell = async (contenders, { operation, size, callers }, mode) => {
  const able = await supporting(contenders, operation);
  const measure = (atOnce, sliceMs) => (contender) =>
    contender.call('measure', operation, size, atOnce, sliceMs);
  await inTurn(able, 1, measure(Math.min(callers, WARM_UP_CALLERS), mode.warmUpMs));
  const rounds = await inTurn(able, mode.rounds, measure(callers, mode.sliceMs));
  return { ...summary(rounds, 'perSecond', 'ratio'), ...summary(rounds, 'cpuMicros', 'cpuRatio') };
};

const summary = (rounds, what, ratioName) => {
  const figures = mapValues(rounds, (all) => all.map((round) => round[what]));
  return {
    [what]: mapValues(figures, median),
    [ratioName]: mapValues(figures, (all) => medianRatio(all, figures[RAW])),
  };
};

const commandsOf = async (contenders, url) => {
  const result = {};
  for (const operation of ['get', 'set', 'incr', 'getMany', 'setMany'])
    for (const contender of await supporting(contenders, operation)) {
      const counts = await countCommands(url, () => contender.call('times', operation, 'small', COUNTED));
      (result[operation] ??= {})[contender.name] = commandsEach(counts, COUNTED);
    }
  return result;
};

const NAMES = CACHES.map(({ name }) => name);

const ratioTable = (all, { title, note, unit, measured, ratio }) => ({
  title,
  note,
  columns: ['operation', 'size', 'callers', `${RAW} ${unit}`, ...NAMES.slice(1)],
  rows: all.map((cell) => [
    cell.operation,
    cell.size,
    cell.callers,
    figure(cell[measured][RAW]),
    ...NAMES.slice(1).map((name) => figure(cell[ratio][name])),
  ]),
});

export const tables = ({ cells: all, commands }) => [
  ratioTable(all, {
    title: 'Cache operations: speed, ratio to node-redis',
    note: 'More is faster. A call of getMany and setMany handles 100 entries.',
    unit: '/s',
    measured: 'perSecond',
    ratio: 'ratio',
  }),
  ratioTable(all, {
    title: 'Cache operations: processor time of the process, ratio to node-redis',
    note: 'Less is better. Other work on the machine hardly touches this figure.',
    unit: 'µs',
    measured: 'cpuMicros',
    ratio: 'cpuRatio',
  }),
  {
    title: 'Cache operations: Redis commands each',
    columns: ['operation', ...NAMES],
    rows: Object.entries(commands).map(([operation, counts]) => [
      operation,
      ...NAMES.map((name) => counts[name] ?? '–'),
    ]),
  },
];

const TRUSTING_WANTED = WANTED.filter(({ operation }) => operation === 'get' || operation === 'set').map(
  (cell) => ({ ...cell, least: 0.95 }),
);

export const targets = ({ cells: all }) => [
  ...WANTED.map((wanted) => reached(all, OURS, wanted)),
  ...TRUSTING_WANTED.map((wanted) => reached(all, OURS_TRUSTING, wanted)),
];

const reached = (all, name, { operation, size, callers, least }) => {
  const found = all.find(
    (cell) => cell.operation === operation && cell.size === size && cell.callers === callers,
  );
  const entries = operation.endsWith('Many') ? 'of 100 ' : '';
  const trusting = name === OURS_TRUSTING ? 'trusting ' : '';
  return atLeast(
    `${trusting}${operation} ${entries}${size}, ${callers} callers, to node-redis`,
    found?.ratio[name],
    least,
  );
};
