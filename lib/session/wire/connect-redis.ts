import { createHmac, timingSafeEqual } from 'node:crypto';
import { describeValue } from '../../common/describe-value.js';
import type { SessionOrigin } from '../../config/session-origin.js';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';

/** The settings with which the earlier application stored its sessions. */
export interface ConnectRedisOptions {
  /**
   * The name of its cookie: `name` of express-session, `cookieName` of @fastify/session.
   * @default 'connect.sid'
   */
  readonly cookieName?: string;
  /** The secret that signed the cookie. With several secrets, any of them may have signed it. */
  readonly secret: string | Uint8Array | readonly (string | Uint8Array)[];
  /**
   * The `prefix` of its RedisStore.
   * @default 'sess:'
   */
  readonly prefix?: string;
}

/**
 * The sessions that express-session or @fastify/session kept by connect-redis in the Redis of the sessions, for the
 * option `session.migrateFrom`.
 *
 * @throws ImproperlyConfiguredError when an option is missing or of another type.
 */
export const connectRedis = (options: ConnectRedisOptions): SessionOrigin => {
  const { cookieName = 'connect.sid', secret, prefix = 'sess:' } = options;
  const given: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  check('cookieName', cookieName, isText(cookieName));
  check('prefix', prefix, typeof prefix === 'string');
  check('secret', secret, given.length > 0 && given.every(isSecret));
  const secrets = given.filter(isSecret).map(copyOf);
  return {
    cookieName,
    redisKeyOf(cookie) {
      const isMarked = cookie.startsWith(MARK);
      const id =
        signedId(cookie, secrets) ?? (isMarked ? signedId(cookie.slice(MARK.length), secrets) : undefined);
      return id === undefined ? undefined : prefix + id;
    },
    entriesOf,
  };
};

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isSecret = (value: unknown): value is string | Uint8Array =>
  isText(value) || (value instanceof Uint8Array && value.length > 0);

/** The caller may clear the original. */
const copyOf = (secret: string | Uint8Array): string | Uint8Array =>
  typeof secret === 'string' ? secret : Uint8Array.from(secret);

const check = (name: keyof ConnectRedisOptions, value: unknown, isRight: boolean): void => {
  if (isRight) return;
  const expected = name === 'secret' ? 'a non-empty string or bytes, or an array of them' : 'a string';
  throw new ImproperlyConfiguredError(
    `connectRedis: ${name} must be ${expected}, got ${describeValue(value)}`,
  );
};

/** The prefix that express-session puts before the id; @fastify/session puts nothing there, and its ids may begin so. */
const MARK = 's:';

/** `id.signature`, as the packages cookie-signature and @fastify/cookie write it: HMAC-SHA256 in base64 without padding. */
const signedId = (signed: string, secrets: readonly (string | Uint8Array)[]): string | undefined => {
  const dot = signed.lastIndexOf('.');
  if (dot < 1) return undefined;
  const id = signed.slice(0, dot);
  const given = Buffer.from(signed.slice(dot + 1));
  const isSigned = secrets.some((secret) => {
    const digest = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
    const expected = Buffer.from(digest);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  return isSigned ? id : undefined;
};

/** The stored JSON has the entries and, under `cookie`, the attributes of the cookie. */
const entriesOf = (text: string): Record<string, unknown> | undefined => {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined;
  const entries = { ...stored } as Record<string, unknown>;
  delete entries['cookie'];
  return entries;
};
