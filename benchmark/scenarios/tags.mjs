import { BENTOCACHE_WITH_TAGS, cachesFor, WITH_TAGS } from '../contenders/cache/index.mjs';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { median } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

const TAG = 'catalog';

export const run = ({ redis, mode }) =>
  withContenders(cachesFor('tagging', redis, [BENTOCACHE_WITH_TAGS, WITH_TAGS]), async (contenders) => {
    const result = { entries: mode.clearKeys, contenders: {} };
    for (const contender of contenders) {
      const all = [];
      for (let round = 0; round < mode.faultRounds; round += 1) {
        await contender.call('fill', mode.clearKeys);
        all.push(await contender.call('invalidate', TAG));
      }
      const commands = sumOf(await countCommands(redis.url, () => contender.call('touch', TAG)));
      result.contenders[contender.name] = { ms: median(all), commands };
    }
    return result;
  });

export const tables = ({ entries, contenders }) => [
  {
    title: `Invalidating a tag of ${figure(entries)} entries`,
    columns: ['cache', 'ms', 'commands'],
    rows: Object.entries(contenders).map(([name, { ms, commands }]) => [name, figure(ms), commands]),
  },
];

export const targets = ({ entries, contenders: { [WITH_TAGS]: ours } }) => [
  atMost('invalidating a tag, commands', ours.commands, 1),
  ...(entries === 100_000 ? [atMost('invalidating a tag of 100,000 entries, ms', ours.ms, 2)] : []),
];
