import assert from 'node:assert/strict';
import { createClient } from 'redis';
import { BENTOCACHE, CACHE_MANAGER, cachesFor, OURS } from '../contenders/cache/index.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { probeWhile } from '../core/latency-probe.mjs';
import { inTurn } from '../core/rounds.mjs';
import { median, medianRatio, percentile } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

/** What the contender puts before a key of its own, and what a neighbour has there. */
const PREFIXES = {
  [CACHE_MANAGER]: ['shop::key', 'mall::key'],
  [BENTOCACHE]: ['shop:key', 'mall:key'],
  [OURS]: ['shop:1:key', 'mall:1:key'],
};

const VALUE_BYTES = 100;

export const run = ({ redis, mode }) =>
  withContenders(cachesFor('clear', redis, Object.keys(PREFIXES)), async (contenders) => {
    const rounds = await inTurn(contenders, mode.rounds, (contender) => clearOnce(contender, mode.clearKeys));
    const msOf = (name) => rounds[name].map(({ ms }) => ms);
    return {
      keys: mode.clearKeys,
      contenders: mediansOf(rounds),
      ratio: medianRatio(msOf(OURS), msOf(CACHE_MANAGER)),
    };
  });

const clearOnce = async (contender, keys) => {
  const { url } = contender.options;
  const admin = await createClient({ url }).connect();
  const [own, neighbours] = PREFIXES[contender.name];
  await populate(admin, own, keys);
  await populate(admin, neighbours, 2 * keys);
  const { result: ms, latencies } = await probeWhile(url, () => contender.call('clear'));
  await leaves(admin, 2 * keys + 1);
  await admin.sendCommand(['FLUSHALL', 'SYNC']);
  admin.destroy();
  return { ms, p99: percentile(latencies, 0.99), worst: Math.max(...latencies) };
};

const populate = (admin, prefix, count) =>
  admin.sendCommand(['DEBUG', 'POPULATE', String(count), prefix, String(VALUE_BYTES)]);

const leaves = async (admin, expected) => {
  assert.equal(await admin.dbSize(), expected, 'clear deleted too much or too little');
};

const mediansOf = (rounds) =>
  Object.fromEntries(
    Object.entries(rounds).map(([name, all]) => [
      name,
      Object.fromEntries(
        ['ms', 'p99', 'worst'].map((what) => [what, median(all.map((round) => round[what]))]),
      ),
    ]),
  );

export const tables = ({ keys, contenders }) => [
  {
    title: `clear: ${figure(keys)} of ${figure(3 * keys)} keys`,
    note: 'While it runs, another client reads one key after the other: its latencies in milliseconds.',
    columns: ['cache', 'ms', 'p99 of others', 'worst of others'],
    rows: Object.entries(contenders).map(([name, { ms, p99, worst }]) => [
      name,
      figure(ms),
      figure(p99),
      figure(worst),
    ]),
  },
];

export const targets = ({ keys, ratio, contenders: { [OURS]: ours } }) =>
  keys === 100_000
    ? [
        atMost('clear 100,000 of 300,000 keys, time to that of cache-manager', ratio, 1.2),
        atMost('clear 100,000 of 300,000 keys, p99 of other clients, ms', ours?.p99, 0.7),
      ]
    : [];
