import { BENTOCACHE, CACHE_MANAGER, cachesFor, OURS, RAW } from '../contenders/cache/index.mjs';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { median, medianRatio } from '../core/statistics.mjs';
import { commandsEach, figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

const CALLERS = 1000;

/** The first rush of a process runs cold code. */
const WARM_UPS = 3;

export const run = ({ redis, mode }) =>
  withContenders(cachesFor('stampede', redis, [RAW, CACHE_MANAGER, BENTOCACHE, OURS]), async (contenders) => {
    const rush = (contender, round) => contender.call('rush', `rush:${round}`, CALLERS);
    await inTurn(contenders, mode.warmUpMs > 0 ? WARM_UPS : 1, (contender, round) =>
      rush(contender, `warm-up:${round}`),
    );
    const rounds = await inTurn(contenders, mode.rounds, rush);
    const result = {};
    for (const contender of contenders) {
      const commands = await countCommands(redis.url, () => rush(contender, 'counted'));
      const all = rounds[contender.name];
      result[contender.name] = {
        ms: median(msOf(all)),
        ratio: medianRatio(msOf(all), msOf(rounds[CACHE_MANAGER])),
        factoryRuns: Math.max(...all.map(({ runs }) => runs)),
        commands: sumOf(commands),
        commandNames: commandsEach(commands, 1),
      };
    }
    return result;
  });

const msOf = (all) => all.map(({ ms }) => ms);

export const tables = (result) => [
  {
    title: `getOrSet: ${CALLERS.toLocaleString('en-US')} callers at once, a factory of 20 ms`,
    columns: ['cache', 'ms', 'factory runs', 'commands'],
    rows: Object.entries(result).map(([name, { ms, factoryRuns, commandNames }]) => [
      name,
      figure(ms),
      factoryRuns,
      commandNames,
    ]),
  },
];

export const targets = ({ [OURS]: ours }) => [
  atMost('getOrSet, 1,000 callers, time to that of cache-manager', ours?.ratio, 1.1),
  atMost('getOrSet, 1,000 callers, factory runs', ours?.factoryRuns, 1),
  atMost('getOrSet, 1,000 callers, commands', ours?.commands, 2),
];
