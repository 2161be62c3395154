import {
  BENTOCACHE,
  CACHE_MANAGER,
  CACHEABLE,
  cachesFor,
  DECORATED,
  OURS,
  SHARED,
  WITH_GRACE,
  WITH_TAGS,
} from '../contenders/cache/index.mjs';
import { countCommands } from '../core/command-monitor.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { sideBySide } from '../core/side-by-side.mjs';
import { mapValues, median, medianRatio } from '../core/statistics.mjs';
import { commandsEach, figure } from '../report/format.mjs';
import { atLeast, atMost } from '../report/targets.mjs';

const NAMES = [OURS, WITH_GRACE, WITH_TAGS, SHARED, DECORATED, CACHE_MANAGER, BENTOCACHE, CACHEABLE];
const CALLERS = 256;
const WARM_UP_CALLERS = 16;
const COUNTED = 20;

/** @param {import('../core/modes.mjs').Mode} mode */
export const run = ({ redis, mode }) =>
  withContenders(cachesFor('cache-throughput', redis, NAMES), async (contenders) => {
    await sideBySide(contenders.map((contender) => contender.call('prepare', 'small')));
    const commands = {};
    for (const contender of contenders)
      commands[contender.name] = commandsEach(
        await countCommands(redis.url, () => contender.call('times', 'getOrSet', 'small', COUNTED)),
        COUNTED,
      );
    const measure = (callers, sliceMs) => (contender) =>
      contender.call('measure', 'getOrSet', 'small', callers, sliceMs);
    await inTurn(contenders, 1, measure(WARM_UP_CALLERS, mode.warmUpMs));
    return summary(await inTurn(contenders, mode.rounds, measure(CALLERS, mode.sliceMs)), commands);
  });

const summary = (rounds, commands) =>
  mapValues(rounds, (all, name) => ({
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    ratio: medianRatio(
      all.map(({ perSecond }) => perSecond),
      rounds[OURS].map(({ perSecond }) => perSecond),
    ),
    cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
    moreMicros: median(all.map(({ cpuMicros }, round) => cpuMicros - rounds[OURS][round].cpuMicros)),
    commands: commands[name],
  }));

export const tables = (result) => [
  {
    title: `Reading through: getOrSet of a small value that is there, ${CALLERS} callers`,
    note: `Ratios are to ${OURS}, which does nothing beside. “More” is the difference of the processor times.`,
    columns: ['', 'per second', 'ratio', 'processor time, µs', 'more, µs', 'commands'],
    rows: NAMES.map((name) => {
      const { perSecond, ratio, cpuMicros, moreMicros, commands } = result[name];
      return [name, figure(perSecond), figure(ratio), figure(cpuMicros), figure(moreMicros), commands];
    }),
  },
];

export const targets = (result) => [
  atLeast('getOrSet hit with grace, to a plain hit', result[WITH_GRACE].ratio, 0.9),
  atLeast('getOrSet hit with two tags, to a plain hit', result[WITH_TAGS].ratio, 0.8),
  atMost('@Cacheable, processor time more than getOrSet, µs', result[DECORATED].moreMicros, 1),
];
