import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** Commands that keep a connection alive or set it up: no part of an operation. */
const HOUSEKEEPING = new Set(['PING', 'HELLO', 'CLIENT', 'INFO', 'CONFIG', 'COMMAND']);

/** Enough for what is under way to end. */
const SETTLED_MS = 20;

const LINE = /^[\d.]+ \[\d+ ([^\]]+)\] "([^"]+)"/;

/**
 * Counts the commands that clients send while `use` runs, as MONITOR reports them: what a script calls inside Redis
 * is no command of its own. What is under way from before is left to end first.
 *
 * @returns {Promise<Record<string, number>>} counts by the name of the command
 */
export const countCommands = async (url, use) => {
  const counts = {};
  await sleep(SETTLED_MS);
  const monitor = await createClient({ url })
    .on('error', () => {})
    .connect();
  try {
    await monitor.monitor((line) => {
      const [, client, command] = LINE.exec(line) ?? [];
      const name = command?.toUpperCase();
      if (name === undefined || client === 'lua' || HOUSEKEEPING.has(name)) return;
      counts[name] = (counts[name] ?? 0) + 1;
    });
    await use();
    await sleep(SETTLED_MS);
  } finally {
    monitor.destroy();
  }
  return counts;
};

export const sumOf = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
