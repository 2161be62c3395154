import { createClient } from 'redis';
import { withContenders } from '../core/contender-process.mjs';
import { median } from '../core/statistics.mjs';
import { until } from '../core/until.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

const PROCESSES = 4;

/** Sessions that end in a round, one after the other. */
const SESSIONS = 20;

/** After how long an event counts as lost, which ends the run. */
const LOST_MS = 30_000;

const CHANNEL = 'shop:session:ended';

export const run = ({ redis, mode }) =>
  withContenders(processesOn(redis), async (processes) => {
    await until('every process listens', () => areListening(redis));
    const times = [];
    for (let i = 0; i < mode.rounds * SESSIONS; i += 1) {
      const { name, at } = await processes[i % PROCESSES].call('end');
      const heard = await Promise.all(processes.map((one) => one.call('heardAt', name, LOST_MS)));
      times.push(Math.max(...heard) - at);
    }
    return { ms: median(times), worstMs: Math.max(...times) };
  });

const processesOn = (redis) =>
  Array.from({ length: PROCESSES }, (_, i) => ({
    name: `codex-redis, ${i + 1}`,
    contender: 'contenders/session/listening.mjs',
    job: 'jobs/session-events.mjs',
    options: { url: redis.url },
  }));

const areListening = async (redis) => {
  const client = await createClient({ url: redis.url }).connect();
  try {
    const [, count] = await client.sendCommand(['PUBSUB', 'NUMSUB', CHANNEL]);
    return count === PROCESSES;
  } finally {
    client.destroy();
  }
};

export const tables = (result) => [
  {
    title: `A session ends: milliseconds until all of ${PROCESSES} processes are told`,
    note: 'With `session.broadcastEvents`; from the call that ends it to the last listener of `ended`.',
    columns: ['', 'median', 'worst'],
    rows: [['codex-redis', figure(result.ms), figure(result.worstMs)]],
  },
];

export const targets = ({ worstMs }) => [
  atMost(`ended, told to ${PROCESSES} processes, worst, ms`, worstMs, 1000),
];
