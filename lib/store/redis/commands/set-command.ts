import type { TimeToLive } from '../../time-to-live.js';

/** Redis takes whole milliseconds from 1 on; a fraction is rounded up so that nothing expires early. */
export const asPx = (ms: number): string => String(Math.max(1, Math.ceil(ms)));

/** A SET without PX also removes an earlier expiry. */
export const setCommand = (key: string, value: string, ttl: TimeToLive, ...flags: string[]): string[] =>
  ttl === null ? ['SET', key, value, ...flags] : ['SET', key, value, ...flags, 'PX', asPx(ttl)];
