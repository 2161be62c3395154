import { ContenderProcess } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { median } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';

const NOTHING = 'nothing';

const ADDITIONS = [
  NOTHING,
  'node-redis',
  'cache-manager',
  'bentocache',
  'codex-redis',
  'codex-redis, memory:',
].map((name) => ({ name }));

const MIB = 2 ** 20;

export const run = async ({ redis, mode }) => {
  const rounds = await inTurn(ADDITIONS, mode.rounds, ({ name }) => startOnce(name, redis.url));
  return Object.fromEntries(
    Object.entries(rounds).map(([name, all]) => [
      name,
      { ms: median(all.map(({ ms }) => ms)), heapMiB: median(all.map(({ heapBytes }) => heapBytes)) / MIB },
    ]),
  );
};

const startOnce = async (addition, url) => {
  const started = await ContenderProcess.start({
    name: addition,
    contender: 'contenders/start-up.mjs',
    job: 'jobs/start-up.mjs',
    options: { url, addition },
    nodeArgs: ['--expose-gc'],
  });
  try {
    return await started.call('measured');
  } finally {
    await started.stop();
  }
};

export const tables = ({ [NOTHING]: bare, ...additions }) => [
  {
    title: 'What an application starts with',
    note:
      `A Nest application on Express without any starts in ${figure(bare.ms)} ms with ${figure(bare.heapMiB)} MiB of heap. ` +
      'Added to that, import and connections included (codex-redis: cache and sessions, the others: cache):',
    columns: ['with', 'ms', 'MiB of heap'],
    rows: Object.entries(additions).map(([name, { ms, heapMiB }]) => [
      name,
      figure(ms - bare.ms),
      figure(heapMiB - bare.heapMiB),
    ]),
  },
];

export const targets = () => [];
