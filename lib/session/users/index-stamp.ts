import { createHash } from 'node:crypto';
import { userOf } from '../object/session-user.js';
import { getEntry, type SessionData, setEntry } from '../wire/session-data.js';

/**
 * The entry that says how long the index of a user knows the session: a mark of user and key, since Django gives a
 * session another key and leaves the entry as it is, and a point in time, in seconds since the epoch.
 */
const INDEXED_ENTRY = '_codex_indexed';

/** A save is to tell the index again when the session has gained more than this part of its lifetime. */
const PART = 0.1;

const MARK_LENGTH = 12;

/** The time for which the index is to know a session with this lifetime: twice as much longer as the stamp says. */
export const indexedMs = (ttl: number): number => ttl * (1 + 2 * PART);

/** The state of the stamp of a session that lives for that time, in milliseconds, from now on. */
export type StampState = 'valid' | 'due' | 'missing';

export const stampState = (data: SessionData, userId: string, key: string, end: number): StampState => {
  const stamp = getEntry(data, INDEXED_ENTRY);
  if (!Array.isArray(stamp) || stamp[0] !== markOf(userId, key)) return 'missing';
  return typeof stamp[1] === 'number' && end <= stamp[1] * 1000 ? 'valid' : 'due';
};

/** A copy of entries with a stamp for a session that lives for `ttl` milliseconds from `now` on. */
export const stamped = (
  data: SessionData,
  { userId, key, now, ttl }: { userId: string; key: string; now: number; ttl: number },
): SessionData => {
  const copy = { ...data };
  setEntry(copy, INDEXED_ENTRY, [markOf(userId, key), Math.ceil((now + ttl * (1 + PART)) / 1000)]);
  return copy;
};

/** Removes the stamp of entries that no user is bound to any more: the index forgets such a session. */
export const unstamp = (data: SessionData): void => {
  if (Object.hasOwn(data, INDEXED_ENTRY) && userOf(data) === undefined)
    Reflect.deleteProperty(data, INDEXED_ENTRY);
};

const markOf = (userId: string, key: string): string =>
  createHash('sha256').update(`indexed\n${key}\n${userId}`).digest('base64url').slice(0, MARK_LENGTH);
