import { describeValue } from '../../common/describe-value.js';
import { getEntry, type SessionData, setEntry } from '../wire/session-data.js';

/** The entry that names the user a session is bound to, as Django names it. */
const USER_ENTRY = '_auth_user_id';
const BACKEND_ENTRY = '_auth_user_backend';
const HASH_ENTRY = '_auth_user_hash';

/** Says that the session had another key before. */
export const CYCLED_ENTRY = '_codex_cycled';

/** The entries that Django must find in a session beside the user's id to take the user for logged in. */
export interface DjangoLogin {
  /** The path of the authentication backend, such as `django.contrib.auth.backends.ModelBackend`. */
  readonly backend: string;
  /** The result of the user's `get_session_auth_hash()`. */
  readonly hash: string;
}

/** The entry that says what `signIn()` was told of the user's device. */
const DEVICE_ENTRY = '_codex_device';

/** The most code points that a device may have. */
const LONGEST_DEVICE = 200;

/** A sign-in: the user, the device, and the entries for Django. */
export interface SignIn {
  readonly userId: string;
  readonly device: string | undefined;
  readonly django: DjangoLogin | undefined;
}

/** The user that entries are bound to. */
export const userOf = (data: SessionData): string | undefined => {
  const user = getEntry(data, USER_ENTRY);
  if (isUserText(user)) return user;
  return Number.isSafeInteger(user) ? String(user) : undefined;
};

/** The device that `signIn()` was told. */
export const deviceOf = (data: SessionData): string | undefined => {
  const device = getEntry(data, DEVICE_ENTRY);
  return isDevice(device) ? device : undefined;
};

/** True if an entry is this module's own, which listings leave out. */
export const isOwnEntry = (name: string): boolean => name.startsWith('_codex_');

/** True if entries may hold what only a user may see: those that had another key are taken for such. */
export const isPrivileged = (data: SessionData): boolean =>
  Object.hasOwn(data, USER_ENTRY) || Object.hasOwn(data, CYCLED_ENTRY);

/** The user that entries are bound to, or whatever names none. */
const boundTo = (data: SessionData): unknown => userOf(data) ?? getEntry(data, USER_ENTRY);

/** True if two states are bound to different users. */
export const areOfDifferentUsers = (one: SessionData, other: SessionData): boolean => {
  const user = boundTo(one);
  return user !== undefined && user !== boundTo(other);
};

/**
 * Binds entries to a user.
 *
 * @returns whose they were before, and the names of what changed
 */
export const bindTo = (
  data: SessionData,
  { userId, device, django }: SignIn,
): { before: unknown; changed: readonly string[] } => {
  const before = boundTo(data);
  setEntry(data, USER_ENTRY, userId);
  setEntry(data, CYCLED_ENTRY, true);
  for (const [name, value] of [
    [BACKEND_ENTRY, django?.backend],
    [HASH_ENTRY, django?.hash],
  ] as const)
    if (value === undefined) Reflect.deleteProperty(data, name);
    else setEntry(data, name, value);
  if (device !== undefined) setEntry(data, DEVICE_ENTRY, device);
  return {
    before,
    changed: [USER_ENTRY, CYCLED_ENTRY, BACKEND_ENTRY, HASH_ENTRY, DEVICE_ENTRY],
  };
};

/** Two texts with lone surrogates would name one user in UTF-8. */
const isUserText = (user: unknown): user is string =>
  typeof user === 'string' && user !== '' && user.isWellFormed();

/** @throws TypeError for what names no user */
export const userIdOf = (userId: unknown, callee: string): string => {
  if (isUserText(userId)) return userId;
  if (typeof userId === 'bigint' || Number.isSafeInteger(userId)) return String(userId);
  throw new TypeError(
    `${callee} takes the id of a user, a string without lone surrogates or an integer, not ${describeValue(userId)}`,
  );
};

/** The options of `signIn()`. */
export const SIGN_IN_OPTIONS = { names: ['device', 'django'] };

/** @throws TypeError for what names no user, no device or no Django login */
export const signInOf = (userId: unknown, options: unknown): SignIn => {
  const { device } = (options ?? {}) as { device?: unknown };
  if (device !== undefined && !isDevice(device))
    throw new TypeError(
      `session.signIn(): device is a string of at most ${LONGEST_DEVICE} characters, not ${describeValue(device)}`,
    );
  return { userId: userIdOf(userId, 'session.signIn()'), device, django: djangoLoginOf(options) };
};

/** Long texts are not counted; Lua's JSON takes no half of a surrogate pair. */
const isDevice = (device: unknown): device is string =>
  typeof device === 'string' &&
  device.length <= 2 * LONGEST_DEVICE &&
  Array.from(device).length <= LONGEST_DEVICE &&
  !/\p{Surrogate}/u.test(device);

const djangoLoginOf = (options: unknown): DjangoLogin | undefined => {
  const { django } = (options ?? {}) as { django?: Partial<DjangoLogin> };
  if (django === undefined) return undefined;
  const { backend, hash } = django;
  if (typeof backend !== 'string' || typeof hash !== 'string')
    throw new TypeError('session.signIn(): django takes two strings, { backend, hash }');
  return { backend, hash };
};
