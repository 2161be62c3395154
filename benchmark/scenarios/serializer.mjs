import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { median, medianRatio } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

const STRINGIFY = 'JSON.stringify';
const OURS = 'JsonSerializer';
const NO_SYMBOL_KEYS = 'no symbol keys';

const SERIALIZERS = [
  [STRINGIFY, 'json-stringify'],
  ['checking replacer', 'checking-replacer'],
  ['keyv', 'keyv'],
  [NO_SYMBOL_KEYS, 'symbol-keys'],
  [OURS, 'codex-redis'],
].map(([name, file]) => ({
  name,
  contender: `contenders/serializer/${file}.mjs`,
  job: 'jobs/serializing.mjs',
}));

const SAMPLES = ['small', 'medium', 'large', 'varied'];

export const run = ({ mode }) =>
  withContenders(SERIALIZERS, async (serializers) => {
    const result = {};
    for (const serializer of serializers) await serializer.call('check');
    for (const sample of SAMPLES) {
      const measure = (serializer) => serializer.call('measure', sample, mode.sliceMs);
      if (mode.warmUpMs > 0) await inTurn(serializers, 1, measure);
      const rounds = await inTurn(serializers, mode.rounds, measure);
      result[sample] = Object.fromEntries(
        Object.entries(rounds).map(([name, all]) => [
          name,
          {
            nanoseconds: median(all),
            ratio: medianRatio(all, rounds[STRINGIFY]),
            ratioToNoSymbolKeys: medianRatio(all, rounds[NO_SYMBOL_KEYS]),
          },
        ]),
      );
    }
    return result;
  });

const NAMES = SERIALIZERS.map(({ name }) => name);

export const tables = (result) => [
  {
    title: 'Writing JSON: processor time against JSON.stringify',
    note: 'Less is better. The column of JSON.stringify is in microseconds. `varied` is 15 KB in 60 objects of 60 shapes. “no symbol keys” makes only this one check on each object and is not a product.',
    columns: ['value', `${STRINGIFY} µs`, ...NAMES.slice(1)],
    rows: Object.entries(result).map(([sample, contenders]) => [
      sample,
      figure(contenders[STRINGIFY].nanoseconds / 1000),
      ...NAMES.slice(1).map((name) => figure(contenders[name]?.ratio)),
    ]),
  },
];

export const targets = (result) =>
  SAMPLES.map((sample) =>
    atMost(
      `JsonSerializer.dumps of ${sample}, to “${NO_SYMBOL_KEYS}”`,
      result[sample][OURS]?.ratioToNoSymbolKeys,
      1.25,
    ),
  );
