import { setTimeout as pause } from 'node:timers/promises';

/** Sends one command to a server, over a connection of the test's own. */
export type SendCommand = (...args: string[]) => Promise<unknown>;

/** A while in which a server does not serve as usual. It has begun. */
export interface Episode {
  /** Resolves when it is over. */
  readonly end: Promise<unknown>;
}

/** Redis looks at its clients after every KiB it has loaded: after each of these keys. */
const LOADED = { keys: 500, bytes: 1024 };

/** Holds the commands of every client back. */
export const pauseClients = async (send: SendCommand, ms: number): Promise<Episode> => {
  await send('CLIENT', 'PAUSE', String(ms), 'ALL');
  return { end: pause(ms) };
};

/** Keeps Redis busy with the command of another client. Takes `enable-debug-command`. */
export const occupy = async (send: SendCommand, ms: number): Promise<Episode> => {
  await send('PING');
  const end = send('DEBUG', 'SLEEP', String(ms / 1000));
  await pause(20);
  return { end };
};

/**
 * Has Redis load its data again, and some more that is to be flushed afterwards; clients are answered meanwhile. It
 * begins a moment later. Takes `enable-debug-command`.
 */
export const reload = async (send: SendCommand, ms: number): Promise<Episode> => {
  await send('DEBUG', 'POPULATE', String(LOADED.keys), 'key', String(LOADED.bytes));
  await send('CONFIG', 'SET', 'key-load-delay', String((ms * 1000) / LOADED.keys));
  await send('CONFIG', 'SET', 'loading-process-events-interval-bytes', '1024', 'rdbcompression', 'no');
  return { end: send('DEBUG', 'RELOAD') };
};

/** Has a server that is loading load the rest at once. Takes another connection than `reload` does. */
export const finishLoading = (send: SendCommand): Promise<unknown> =>
  send('CONFIG', 'SET', 'key-load-delay', '0');
