import { BY_HAND, OBSERVERS, OURS, processesFor } from '../contenders/cache/index.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { sideBySide } from '../core/side-by-side.mjs';
import { mapValues, median, medianRatio } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

export const title = 'Observing';

const NAMES = OBSERVERS.map(({ name }) => name);
const CALLERS = 256;
const WARM_UP_CALLERS = 16;

/**
 * The parts of a turn. The contenders alternate more often in the same time, so that what the machine does meanwhile
 * hits both sides of a ratio, and the median has many ratios.
 */
const PARTS = 5;

/** @param {import('../core/modes.mjs').Mode} mode */
export const run = async ({ redis, mode }) =>
  withContenders(processesFor('cache-throughput', redis, OBSERVERS), async (contenders) => {
    await sideBySide(contenders.map((contender) => contender.call('prepare', 'small')));
    const measure = (callers, sliceMs) => (contender) =>
      contender.call('measure', 'get', 'small', callers, sliceMs);
    await inTurn(contenders, 1, measure(WARM_UP_CALLERS, mode.warmUpMs));
    const rounds = await inTurn(contenders, mode.rounds * PARTS, measure(CALLERS, mode.sliceMs / PARTS));
    return Object.fromEntries(
      ['perSecond', 'cpuMicros'].map((what) => {
        const figures = mapValues(rounds, (all) => all.map((round) => round[what]));
        const ratio = mapValues(figures, (all) => medianRatio(all, figures[BY_HAND]));
        return [what, { figures: mapValues(figures, median), ratio }];
      }),
    );
  });

export const tables = ({ perSecond, cpuMicros }) => [
  {
    title: 'Observing: get of a small value, 256 callers',
    note: `Ratios are to ${BY_HAND}: what get does beside telling of it, written on the module's own store.`,
    columns: ['', 'per second', 'ratio', 'processor time, µs', 'ratio'],
    rows: NAMES.map((name) => [
      name,
      ...[perSecond, cpuMicros].flatMap(({ figures, ratio }) => [figure(figures[name]), figure(ratio[name])]),
    ]),
  },
];

/** In processor time: what else runs on the machine changes how many calls a second has. */
export const targets = ({ cpuMicros }) => [
  atMost(
    `get small, ${CALLERS} callers, without a subscriber, processor time to the same by hand`,
    cpuMicros.ratio[OURS],
    1.01,
  ),
];
