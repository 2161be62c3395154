import { ContenderProcess } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { median } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

const NOTHING = 'nothing';
const RAW = 'node-redis';
const OURS = 'codex-redis';

const ADDITIONS = [NOTHING, RAW, 'cache-manager', 'bentocache', OURS, 'codex-redis, memory:'].map((name) => ({
  name,
}));

const MIB = 2 ** 20;

export const run = async ({ redis, mode }) => {
  const rounds = await inTurn(ADDITIONS, mode.starts, ({ name }) => startOnce(name, redis.url));
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

export const targets = ({ [RAW]: raw, [OURS]: ours }) => [
  atMost('start: milliseconds more than with node-redis', ours.ms - raw.ms, 80),
  atMost('start: MiB of heap more than with node-redis', ours.heapMiB - raw.heapMiB, 3),
];
