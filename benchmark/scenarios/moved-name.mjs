import assert from 'node:assert/strict';
import { CACHES, OURS } from '../contenders/cache/index.mjs';
import { now } from '../core/clock.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { MovedName } from '../core/moved-name.mjs';
import { median } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

/** After how long a write counts as hanging, which ends the run. */
const HANGS_MS = 30_000;

const KEY = 'moved';

/** It mostly waits. */
export const unhurried = true;

export const run = async ({ mode }) => {
  const redis = await MovedName.start();
  const ours = CACHES.find(({ name }) => name === OURS);
  try {
    return await withContenders(
      [{ ...ours, job: 'jobs/failover.mjs', options: redis.source }],
      async ([contender]) => {
        const times = [];
        for (let round = 0; round < mode.faultRounds; round += 1) times.push(await move(redis, contender));
        return { backMs: median(times), worstMs: Math.max(...times) };
      },
    );
  } finally {
    await redis.stop();
  }
};

/** Milliseconds from when the name led to the new primary until a write worked; writes were refused before. */
const move = async (redis, contender) => {
  await contender.call('untilWritten', KEY, HANGS_MS);
  await redis.promote();
  const [refused] = await contender.call('writes', KEY, 1, HANGS_MS);
  assert.notEqual(refused.ended, 'success', 'a replica took a write');
  redis.move();
  const movedAt = now();
  const { at } = await contender.call('untilWritten', KEY, HANGS_MS);
  return at - movedAt;
};

export const tables = ({ backMs, worstMs }) => [
  {
    title: 'A name moves to another primary, codex-redis: milliseconds until writes work again',
    note: 'The old primary has become a replica before, which refused writes.',
    columns: ['', 'median', 'worst'],
    rows: [['codex-redis', figure(backMs), figure(worstMs)]],
  },
];

export const targets = ({ worstMs }) => [
  atMost('back after a name moved to a new primary, worst, ms', worstMs, 600),
];
