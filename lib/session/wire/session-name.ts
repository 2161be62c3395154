import { hash } from 'node:crypto';
import { isSessionKey } from './session-key.js';

const HASHED = /^[0-9a-f]{64}$/;

/** Gives what stands for a session's key in Redis. A name stands for itself. */
export type SessionNaming = (keyOrName: string) => string;

/** The key itself is the name. */
export const plainNames: SessionNaming = (key) => key;

/** The SHA-256 of the key is the name: from the name nobody gets to the key. */
export const hashedNames: SessionNaming = (key) => (isSessionKey(key) ? hash('sha256', key, 'hex') : key);

/** True if a text may be a key or a name; anybody may have written to the store. */
export const isSessionName = (text: unknown): text is string =>
  isSessionKey(text) || (typeof text === 'string' && HASHED.test(text));
