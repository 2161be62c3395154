import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { BENTOCACHE, CACHE_MANAGER, cachesFor, OURS, RAW_DEFAULTS } from '../contenders/cache/index.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { RedisServer } from '../core/redis-server.mjs';
import { sideBySide } from '../core/side-by-side.mjs';
import { median } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

/** Calls in flight when Redis freezes. */
const CALLERS = 16;

/** How long a contender may take to notice that Redis is back. */
const RECOVERY_MS = 30_000;

const CONTENDERS = [RAW_DEFAULTS, CACHE_MANAGER, BENTOCACHE, OURS];

/** It mostly waits. */
export const unhurried = true;

/** Nearly all of it is waiting, so the contenders go through it side by side, each with a Redis of its own. */
export const run = async ({ mode }) => {
  const all = await sideBySide(CONTENDERS.map((name) => runContender(name, mode)));
  return Object.fromEntries(CONTENDERS.map((name, i) => [name, all[i]]));
};

const runContender = async (name, mode) => {
  const redis = await RedisServer.start();
  try {
    return await withContenders(cachesFor('faults', redis, [name]), async ([contender]) => {
      const rounds = [];
      for (let round = 0; round < mode.faultRounds; round += 1)
        rounds.push(await runRound(contender, redis, mode.patienceMs));
      return summary(rounds);
    });
  } finally {
    await redis.stop();
  }
};

const runRound = async (contender, redis, patienceMs) => {
  await contender.call('untilWorking', RECOVERY_MS);
  const refused = await refusedWrite(contender, redis, patienceMs);

  redis.freeze();
  const frozen = await contender.call('read', CALLERS, patienceMs);
  const stillFrozen = await contender.call('read', 1, patienceMs);
  redis.thaw();
  const afterFreezeMs = await contender.call('untilWorking', RECOVERY_MS);

  redis.freeze();
  const cutting = contender.call('write', 'fault:cut', patienceMs);
  await sleep(50);
  await redis.kill();
  const cut = await cutting;
  const down = await contender.call('read', 1, patienceMs);
  await redis.start();
  const afterRestartMs = await contender.call('untilWorking', RECOVERY_MS);
  const cutLost = await isLost(contender, 'fault:cut', cut);

  return { ...refused, frozen, stillFrozen, afterFreezeMs, cut, cutLost, down, afterRestartMs };
};

/** A write that Redis has no memory for. */
const refusedWrite = async (contender, redis, patienceMs) => {
  const admin = await createClient({ url: redis.url }).connect();
  await admin.configSet('maxmemory', '1');
  const refused = await contender.call('write', 'fault:refused', patienceMs);
  await admin.configSet('maxmemory', '0');
  admin.destroy();
  return { refused, refusedLost: await isLost(contender, 'fault:refused', refused) };
};

const isLost = async (contender, key, { ended }) =>
  ended === 'success' && !(await contender.call('isThere', key));

const summary = (rounds) => {
  const callOf = (what) => ({
    ms: median(rounds.map((round) => round[what].ms)),
    worstMs: Math.max(...rounds.map((round) => round[what].ms)),
    ended: [...new Set(rounds.map((round) => round[what].ended))].join(', '),
  });
  const calls = ['frozen', 'stillFrozen', 'down', 'refused', 'cut'];
  return {
    ...Object.fromEntries(calls.map((what) => [what, callOf(what)])),
    afterFreezeMs: median(rounds.map((round) => round.afterFreezeMs)),
    afterRestartMs: median(rounds.map((round) => round.afterRestartMs)),
    lostWrites: rounds.filter(({ refusedLost, cutLost }) => refusedLost || cutLost).length,
    rounds: rounds.length,
  };
};

const callCell = ({ ms, ended }) =>
  ended === 'hangs' ? `hangs (> ${figure(ms)} ms)` : `${figure(ms)} ms: ${ended}`;

const callTable = (result, title, note, columns) => ({
  title,
  note,
  columns: ['cache', ...Object.values(columns)],
  rows: Object.entries(result).map(([name, calls]) => [
    name,
    ...Object.keys(columns).map((what) => callCell(calls[what])),
  ]),
});

export const tables = (result) => [
  callTable(
    result,
    'Redis does not answer: when a read ended, and how',
    '`hangs`: the read had not ended by then. A `miss` would be wrong, because the entry is there.',
    { frozen: 'frozen, 16 calls in flight', stillFrozen: 'frozen, a later call', down: 'down' },
  ),
  callTable(
    result,
    'Redis did not take a write: when the call ended, and how',
    'A `success` is a lost write that the caller does not notice.',
    { refused: 'out of memory', cut: 'killed meanwhile' },
  ),
  {
    title: 'Redis returns: milliseconds until reads and writes work again',
    columns: ['cache', 'after a freeze', 'after a restart'],
    rows: Object.entries(result).map(([name, { afterFreezeMs, afterRestartMs }]) => [
      name,
      figure(afterFreezeMs),
      figure(afterRestartMs),
    ]),
  },
];

export const targets = ({ [OURS]: ours }) => [
  atMost('frozen Redis, calls in flight, ms', ours?.frozen.worstMs, 1250),
  atMost('frozen Redis, later calls, ms', ours?.stillFrozen.ms, 5),
  atMost('Redis down, ms', ours?.down.ms, 5),
  atMost('working again after a restart, ms', ours?.afterRestartMs, 600),
  atMost('lost writes reported as success', ours?.lostWrites, 0),
];
