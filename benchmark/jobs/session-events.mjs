import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../core/clock.mjs';

/** @param {import('../../dist/index.js').SessionService} sessions */
export const createJob = (sessions) => {
  const heard = new Map();
  const waiting = new Map();
  sessions.events.on('ended', ({ session }) => {
    heard.set(session, now());
    waiting.get(session)?.();
    waiting.delete(session);
  });

  return {
    /** Ends a session: what the events call it, and when that began. */
    end: async () => {
      const { key } = await sessions.create();
      const names = [];
      const stop = sessions.events.on('flushed', ({ session }) => names.push(session));
      const at = now();
      await sessions.delete(key);
      stop();
      return { name: names[0], at };
    },

    /** When this process was told that a session has ended. */
    heardAt: async (name, patienceMs) => {
      const telling = new Promise((resolve) => waiting.set(name, resolve));
      if (!heard.has(name)) await Promise.race([telling, sleep(patienceMs, undefined, { ref: false })]);
      if (!heard.has(name)) throw new Error('it was never told that a session has ended');
      return heard.get(name);
    },
  };
};
