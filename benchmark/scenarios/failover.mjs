import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CACHES, OURS } from '../contenders/cache/index.mjs';
import { now } from '../core/clock.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { RedisCluster } from '../core/redis-cluster.mjs';
import { RedisSentinels } from '../core/redis-sentinels.mjs';
import { sideBySide } from '../core/side-by-side.mjs';
import { median, percentile } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

/** Calls in flight when the master is lost. */
const CALLERS = 16;

/** After how long a write counts as hanging, which ends the run. */
const HANGS_MS = 30_000;

const TOPOLOGIES = { Cluster: RedisCluster, Sentinels: RedisSentinels };

const FAULTS = ['frozen', 'killed'];

/** It mostly waits. */
export const unhurried = true;

/** Nearly all of it is waiting, so the topologies go through it side by side. */
export const run = async ({ mode }) => {
  const names = Object.keys(TOPOLOGIES);
  const all = await sideBySide(names.map((name) => runTopology(TOPOLOGIES[name], mode)));
  return Object.fromEntries(names.map((name, i) => [name, all[i]]));
};

const runTopology = async (Topology, mode) => {
  const redis = await Topology.start();
  const ours = CACHES.find(({ name }) => name === OURS);
  try {
    return await withContenders(
      [{ ...ours, job: 'jobs/failover.mjs', options: redis.source }],
      async ([contender]) => {
        const rounds = Object.fromEntries(FAULTS.map((fault) => [fault, []]));
        for (let round = 0; round < mode.rounds; round += 1)
          for (const fault of FAULTS)
            rounds[fault].push(await lose(fault, redis, contender, mode.patienceMs));
        return Object.fromEntries(FAULTS.map((fault) => [fault, summary(rounds[fault])]));
      },
    );
  } finally {
    await redis.stop();
  }
};

/** A master is lost while calls are in flight; all times are in milliseconds from then on. */
const lose = async (fault, redis, contender, patienceMs) => {
  const victim = await redis.victim();
  const { master, key } = victim;
  await contender.call('untilWritten', key, HANGS_MS);

  const lostAt = now();
  master.freeze();
  const promoting = redis.promoted(victim);
  const returning = redis.returned(victim);
  const writing = contender.call('writes', key, CALLERS, patienceMs);
  if (fault === 'killed') await killSoon(master);
  const underWay = await writing;
  const { failed, at } = await contender.call('untilWritten', key, HANGS_MS);
  const [promotedAt, returnedAt] = await Promise.all([promoting, returning]);
  assert(await contender.call('isThere', key), 'an acknowledged write is not there');

  if (fault === 'killed') await master.start();
  else master.thaw();
  await redis.repair(victim);
  return {
    underWay,
    later: failed,
    promotedMs: promotedAt - lostAt,
    returnedMs: returnedAt - lostAt,
    backMs: at - returnedAt,
  };
};

/** Once the calls have been sent. */
const killSoon = async (master) => {
  await sleep(50);
  await master.kill();
};

const summary = (rounds) => ({
  underWay: callsOf(rounds.flatMap(({ underWay }) => underWay)),
  later: callsOf(rounds.flatMap(({ later }) => later)),
  ...Object.fromEntries(
    ['promotedMs', 'returnedMs', 'backMs'].map((what) => [what, median(rounds.map((round) => round[what]))]),
  ),
  worstBackMs: Math.max(...rounds.map(({ backMs }) => backMs)),
  rounds: rounds.length,
});

const callsOf = (calls) => ({
  count: calls.length,
  worstMs: Math.max(...calls.map(({ ms }) => ms)),
  p99Ms: percentile(
    calls.map(({ ms }) => ms),
    0.99,
  ),
  ended: [...new Set(calls.map(({ ended }) => ended.split(' ')[0]))].join(', '),
});

const each = (result, row) =>
  Object.entries(result).flatMap(([topology, faults]) =>
    Object.entries(faults).map(([fault, measured]) => [`${topology}, ${fault}`, ...row(measured)]),
  );

export const tables = (result) => [
  {
    title: 'The master is lost, codex-redis: milliseconds until a write failed, and how',
    note: `${CALLERS} writes are in flight then; the later ones follow each other. A killed master is first frozen for 50 ms, so that it has answered none of them.`,
    columns: ['master', 'in flight, worst', 'ended', 'later, p99', 'later, worst', 'ended'],
    rows: each(result, ({ underWay, later }) => [
      figure(underWay.worstMs),
      underWay.ended,
      figure(later.p99Ms),
      figure(later.worstMs),
      later.ended,
    ]),
  },
  {
    title: 'Another master takes over, codex-redis: milliseconds until writes work again',
    note:
      'The first two columns are Redis’ own time, from the loss on. It has returned when the replica serves the slots ' +
      '(Cluster), or when the first Sentinel announces it as the master; “back” is counted from then.',
    columns: ['master', 'replica promoted', 'Redis returned', 'back', 'back, worst'],
    rows: each(result, ({ promotedMs, returnedMs, backMs, worstBackMs }) => [
      figure(promotedMs),
      figure(returnedMs),
      figure(backMs),
      figure(worstBackMs),
    ]),
  },
];

export const targets = (result) =>
  each(result, ({ underWay, later, worstBackMs }) => [
    { what: 'calls in flight, worst, ms', value: underWay.worstMs, most: 1250 },
    { what: 'later calls, p99, ms', value: later.p99Ms, most: 5 },
    { what: 'back after Redis’ return, worst, ms', value: worstBackMs, most: 600 },
  ]).flatMap(([master, ...all]) =>
    all.map(({ what, value, most }) => atMost(`${master}: ${what}`, value, most)),
  );
