import { BENTOCACHE, CACHE_MANAGER, CACHEABLE, cachesFor, OURS, SHARED } from '../contenders/cache/index.mjs';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { median } from '../core/statistics.mjs';
import { FACTORY_MS } from '../jobs/stampede.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

/** It waits more than it computes. */
export const unhurried = true;

const PROCESSES = 4;
const CALLERS = 250;
const WARM_UPS = 3;

export const run = async ({ redis, mode }) => {
  const result = {};
  for (const cache of cachesFor('stampede', redis, [CACHE_MANAGER, BENTOCACHE, CACHEABLE, OURS, SHARED])) {
    const sources = Array.from({ length: PROCESSES }, (_, i) => ({
      ...cache,
      name: `${cache.name}, ${i + 1}`,
    }));
    result[cache.name] = await withContenders(sources, (processes) => rushes(processes, redis, mode));
  }
  return result;
};

const rushes = async (processes, redis, mode) => {
  const rush = async (key) => {
    const all = await Promise.all(processes.map((one) => one.call('rush', key, CALLERS)));
    return { ms: Math.max(...all.map(({ ms }) => ms)), runs: all.reduce((sum, { runs }) => sum + runs, 0) };
  };
  // The first rush of a process runs cold code.
  for (let i = 0; i < (mode.warmUpMs > 0 ? WARM_UPS : 1); i += 1) await rush(`warm-up:${i}`);
  const rounds = [];
  for (let i = 0; i < mode.rounds; i += 1) rounds.push(await rush(`rush:${i}`));
  const commands = sumOf(await countCommands(redis.url, () => rush('counted')));
  return {
    ms: median(rounds.map(({ ms }) => ms)),
    runs: Math.max(...rounds.map(({ runs }) => runs)),
    commands,
  };
};

export const tables = (result) => [
  {
    title: `A cold key: ${PROCESSES} processes with ${CALLERS} callers each, a factory of ${FACTORY_MS} ms`,
    note: 'The time until the last caller is answered, and the most runs of the factory in any round.',
    columns: ['cache', 'ms', 'factory runs', 'commands'],
    rows: Object.entries(result).map(([name, { ms, runs, commands }]) => [name, figure(ms), runs, commands]),
  },
];

export const targets = ({ [SHARED]: shared }) => [
  atMost('a cold key in four processes, factory runs', shared.runs, 1),
  atMost('a cold key in four processes, all answered, times the factory', shared.ms / FACTORY_MS, 3),
];
