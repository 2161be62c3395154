import type { TimeToLive } from '../../key-value-store.js';
import { asPx } from './ttl.js';

/** A SET without PX also removes an earlier expiry. */
export const setCommand = (key: string, value: string, ttl: TimeToLive, ...flags: string[]): string[] =>
  ttl === null ? ['SET', key, value, ...flags] : ['SET', key, value, ...flags, 'PX', asPx(ttl)];
