import { describeValue } from '../../common/describe-value.js';
import { getEntry, type SessionData, setEntry } from '../wire/session-data.js';

/** The entry that names the user a session is bound to, as Django names it. */
const USER_ENTRY = '_auth_user_id';
const BACKEND_ENTRY = '_auth_user_backend';
const HASH_ENTRY = '_auth_user_hash';

/** Says that the session had another key before. */
export const CYCLED_ENTRY = '_codex_cycled';

/** What Django must find in a session beside the user's id to take the user for logged in. */
export interface DjangoLogin {
  /** The path of the authentication backend, such as `django.contrib.auth.backends.ModelBackend`. */
  readonly backend: string;
  /** What the user's `get_session_auth_hash()` gives. */
  readonly hash: string;
}

/** Whether an entry is this module's own, which listings leave out. */
export const isOwnEntry = (name: string): boolean => name.startsWith('_codex_');

/** Whether entries may hold what only a user may see: those that had another key are taken for such. */
export const isPrivileged = (data: SessionData): boolean =>
  Object.hasOwn(data, USER_ENTRY) || Object.hasOwn(data, CYCLED_ENTRY);

/** Whether two states are bound to different users. */
export const areOfDifferentUsers = (one: SessionData, other: SessionData): boolean => {
  const user = getEntry(one, USER_ENTRY);
  return user !== undefined && user !== getEntry(other, USER_ENTRY);
};

/**
 * Binds entries to a user.
 *
 * @returns whose they were before, and the names of what changed
 */
export const bindTo = (
  data: SessionData,
  userId: string,
  django: DjangoLogin | undefined,
): { before: unknown; changed: readonly string[] } => {
  const before = getEntry(data, USER_ENTRY);
  setEntry(data, USER_ENTRY, userId);
  setEntry(data, CYCLED_ENTRY, true);
  for (const [name, value] of [
    [BACKEND_ENTRY, django?.backend],
    [HASH_ENTRY, django?.hash],
  ] as const)
    if (value === undefined) Reflect.deleteProperty(data, name);
    else setEntry(data, name, value);
  return {
    before,
    changed: [USER_ENTRY, CYCLED_ENTRY, BACKEND_ENTRY, HASH_ENTRY],
  };
};

/** @throws TypeError for what names no user */
export const userIdOf = (userId: unknown): string => {
  if (typeof userId === 'string' && userId !== '') return userId;
  if (typeof userId === 'bigint' || Number.isSafeInteger(userId)) return String(userId);
  throw new TypeError(
    `session.signIn() takes the id of a user, a string or an integer, not ${describeValue(userId)}`,
  );
};

/** @throws TypeError for what is no Django login */
export const djangoLoginOf = (options: unknown): DjangoLogin | undefined => {
  const { django } = (options ?? {}) as { django?: Partial<DjangoLogin> };
  if (django === undefined) return undefined;
  const { backend, hash } = django;
  if (typeof backend !== 'string' || typeof hash !== 'string')
    throw new TypeError('session.signIn(): django takes two strings, { backend, hash }');
  return { backend, hash };
};
