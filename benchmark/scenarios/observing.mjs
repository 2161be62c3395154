import { BY_HAND, OBSERVERS, OURS, processesFor } from '../contenders/cache/index.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { sideBySide } from '../core/side-by-side.mjs';
import { mapValues, median, medianRatio } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atLeast } from '../report/targets.mjs';

export const title = 'Observing';

const NAMES = OBSERVERS.map(({ name }) => name);
const CALLERS = 256;
const WARM_UP_CALLERS = 16;

/** @param {import('../core/modes.mjs').Mode} mode */
export const run = async ({ redis, mode }) =>
  withContenders(processesFor('cache-throughput', redis, OBSERVERS), async (contenders) => {
    await sideBySide(contenders.map((contender) => contender.call('prepare', 'small')));
    const measure = (callers, sliceMs) => (contender) =>
      contender.call('measure', 'get', 'small', callers, sliceMs);
    await inTurn(contenders, 1, measure(WARM_UP_CALLERS, mode.warmUpMs));
    const rounds = await inTurn(contenders, mode.rounds, measure(CALLERS, mode.sliceMs));
    const perSecond = mapValues(rounds, (all) => all.map((round) => round.perSecond));
    return {
      perSecond: mapValues(perSecond, median),
      ratio: mapValues(perSecond, (all) => medianRatio(all, perSecond[BY_HAND])),
    };
  });

export const tables = ({ perSecond, ratio }) => [
  {
    title: 'Observing: get of a small value, 256 callers',
    note: `More is faster. ${BY_HAND} is what get does beside telling of it, written by hand on the module's own store.`,
    columns: ['', 'per second', 'ratio'],
    rows: NAMES.map((name) => [name, figure(perSecond[name]), figure(ratio[name])]),
  },
];

export const targets = ({ ratio }) => [
  atLeast(`get small, ${CALLERS} callers, without a subscriber, to the same by hand`, ratio[OURS], 0.99),
];
