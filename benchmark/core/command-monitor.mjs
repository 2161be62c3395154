import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** Commands that keep a connection alive or set it up: no part of an operation. */
const HOUSEKEEPING = new Set(['PING', 'HELLO', 'CLIENT', 'INFO', 'CONFIG', 'COMMAND']);

/** Between two looks whether Redis has come to rest. */
const PAUSE_MS = 20;

const LINE = /^[\d.]+ \[\d+ ([^\]]+)\] "([^"]+)"/;

/**
 * Counts the commands that clients send while `use` runs, as MONITOR reports them: what a script calls inside Redis
 * is no command of its own. What is in flight from before is left to end first.
 *
 * @returns {Promise<Record<string, number>>} counts by the name of the command
 */
export const countCommands = async (url, use) => {
  const counts = {};
  const [monitor, admin] = await Promise.all([connected(url), connected(url)]);
  try {
    await rest(admin);
    let reported;
    await monitor.monitor((line) => {
      const [, client, command] = LINE.exec(line) ?? [];
      const name = command?.toUpperCase();
      if (name === 'ECHO') return reported?.();
      if (name === undefined || client === 'lua' || HOUSEKEEPING.has(name)) return;
      counts[name] = (counts[name] ?? 0) + 1;
    });
    await use();
    await rest(admin);
    await new Promise((resolve, reject) => {
      // MONITOR reports in order: once it has reported this one, it has reported all.
      reported = resolve;
      admin.sendCommand(['ECHO', 'all']).catch(reject);
    });
  } finally {
    monitor.destroy();
    admin.destroy();
  }
  return counts;
};

const connected = (url) =>
  createClient({ url })
    .on('error', () => {})
    .connect();

/** Resolves when nothing but this look has reached Redis between two of them. */
const rest = async (admin) => {
  let before = -1;
  for (;;) {
    const [, processed] = /^total_commands_processed:(\d+)/m.exec(await admin.info('stats'));
    if (Number(processed) === before + 1) return;
    before = Number(processed);
    await sleep(PAUSE_MS);
  }
};

export const sumOf = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
