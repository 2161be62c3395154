import { createClient } from 'redis';
import {
  BENTOCACHE,
  CACHE_MANAGER,
  cachesFor,
  OURS,
  RAW,
  WITH_GRACE,
  WITH_TAGS,
} from '../contenders/cache/index.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { figure } from '../report/format.mjs';
import { atMost } from '../report/targets.mjs';

/** It measures no time. */
export const unhurried = true;

export const run = ({ redis, mode }) =>
  withContenders(
    cachesFor('filling', redis, [RAW, CACHE_MANAGER, BENTOCACHE, OURS, WITH_GRACE, WITH_TAGS]),
    async (contenders) => {
      const result = {};
      for (const contender of contenders)
        result[contender.name] = await bytesOfEntry(contender, mode.entries);
      return result;
    },
  );

const bytesOfEntry = async (contender, entries) => {
  const admin = await createClient({ url: contender.options.url }).connect();
  await contender.call('fill', 1);
  const before = await usedMemory(admin);
  await contender.call('fill', entries);
  const total = ((await usedMemory(admin)) - before) / entries;
  const entry = Number(await admin.sendCommand(['MEMORY', 'USAGE', await anEntry(admin)]));
  await admin.sendCommand(['FLUSHALL', 'SYNC']);
  admin.destroy();
  return { entry, total };
};

/** Companions have the key of their entry in braces. */
const anEntry = async (admin) => {
  for (;;) {
    const key = await admin.randomKey();
    if (/user:\d+$/.test(key)) return key;
  }
};

const usedMemory = async (admin) => Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))[1]);

export const tables = (result) => [
  {
    title: 'Memory of Redis for an entry of 100 B, in bytes',
    note: 'What MEMORY USAGE says of the entry, and what it costs with its part of the tables of keys and of expiries, and with its companion.',
    columns: ['cache', 'entry', 'with tables'],
    rows: Object.entries(result).map(([name, { entry, total }]) => [name, figure(entry), figure(total)]),
  },
];

export const targets = ({ [OURS]: ours }) => [
  atMost('bytes of Redis for an entry of 100 B', ours?.entry, 190),
];
