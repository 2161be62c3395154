import { RequestMethod } from '@nestjs/common';
import { withoutSharedCaching } from '../common/cache-control.js';
import {
  duration,
  durationInSeconds,
  flag,
  integer,
  isObject,
  kind,
  oneOf,
  orNull,
  serializer,
  text,
} from './kinds.js';
import type { SerializerSource } from './cache-options.js';
import { type CookieOptions, cookieOptions } from './cookie-options.js';
import { encryptionKeys, moment } from './kinds-of-sessions.js';
import { isFreePrefix, isUnambiguousLater, SESSION_PREFIX } from './namespaces.js';
import { feature, option, type OptionsOf, section } from './option.js';
import type { SessionOrigin } from './session-origin.js';
import { redisUrl, sourceOptions } from './source-options.js';

/** A path with wildcards, for every method or for one, as Nest's `exclude()` takes it. */
export type SessionRoute =
  | string
  | { readonly path: string; readonly method: RequestMethod; readonly version?: string | readonly string[] };

const isRoute = (route: unknown): boolean =>
  typeof route === 'string' ||
  (isObject(route) && typeof route['path'] === 'string' && isMethod(route['method']));

const isMethod = (method: unknown): boolean => typeof method === 'number' && method in RequestMethod;

const origin = () =>
  kind<SessionOrigin>(
    'the result of connectRedis({ secret: … })',
    (value) => isObject(value) && typeof value['redisKeyOf'] === 'function',
  );

const routes = () =>
  kind<readonly SessionRoute[]>(
    "an array of paths such as 'assets/{*path}', or of { path, method: RequestMethod.GET }",
    (value) => Array.isArray(value) && value.every(isRoute),
  );

export const perUserOptions = {
  /** How many sessions a user may have at a time. Required if `session.perUser` is set; without it there is no limit. */
  limit: option(integer(1)),
  /**
   * What happens at a sign-in beyond the limit: `end-oldest` ends the session that began first, `refuse` throws a
   * SessionLimitError (409).
   * @default 'end-oldest'
   */
  whenFull: option(oneOf('end-oldest', 'refuse'), { default: 'end-oldest' }),
};

/** Limits the sessions that `session.signIn()` began for a user. */
export interface PerUserOptions extends OptionsOf<typeof perUserOptions> {}

/** Protection of stored sessions. */
export const atRestOptions = {
  /**
   * Whether Redis stores the SHA-256 of each session key instead of the key. Then nobody who reads Redis can use a
   * session.
   * @default false
   */
  hashKeys: option(flag(), { default: false }),
  /**
   * The keys that encrypt the sessions. The first one encrypts, all of them decrypt. Each is 32 random bytes, as a
   * Uint8Array or in base64url.
   */
  encryption: option(encryptionKeys()),
  /**
   * When `atRest` was switched on. Sessions stored before that time are still read, for `session.age`. Without it, they
   * count as unreadable.
   */
  since: option(moment()),
};

/** The protection of sessions in Redis. */
export interface AtRestOptions extends OptionsOf<typeof atRestOptions> {}

/** The options of the sessions themselves. */
export const sessionOnlyOptions = {
  /**
   * The second segment of every session's Redis key, after `projectName`.
   * @default 'session'
   */
  keyPrefix: option(
    text(
      'a non-empty string without a segment of digits only (it could not be told from a version), that does not ' +
        'begin with a word of the module (grace, lease, tokens, tag, epoch, lock, trace, user, throttle) and has no ' +
        'segment `user`',
      (prefix) => prefix !== '' && isUnambiguousLater(prefix) && isFreePrefix(prefix),
    ),
    { environment: 'CODEX_SESSION_KEY_PREFIX', default: SESSION_PREFIX },
  ),
  /**
   * The salt of the signature. Without Django, keep the default. With Django, it is the `key_salt` of the session class:
   * `django.contrib.sessions.` and the name of the class.
   * @default 'django.contrib.sessions.SessionStore'
   */
  salt: option(text('a non-empty string'), { default: 'django.contrib.sessions.SessionStore' }),
  /**
   * How long a session lives after its last save: seconds or a duration string.
   * @default 1209600
   */
  age: option(durationInSeconds(1), { environment: 'SESSION_COOKIE_AGE', default: 1_209_600 }),
  /**
   * Whether the cookie ends with the browser.
   * @default false
   */
  expireAtBrowserClose: option(flag(), { environment: 'SESSION_EXPIRE_AT_BROWSER_CLOSE', default: false }),
  /**
   * How long a session may be unused: seconds or a duration string. The earliest of `age`, `idleTimeout` and `absoluteTimeout`
   * ends the session.
   */
  idleTimeout: option(duration(1), { environment: 'CODEX_SESSION_IDLE_TIMEOUT' }),
  /**
   * How long after its beginning, or after the sign-in of another user, a session ends, however much it is used: seconds or a
   * duration string.
   */
  absoluteTimeout: option(duration(1), { environment: 'CODEX_SESSION_ABSOLUTE_TIMEOUT' }),
  /**
   * The least time between two extensions of a session with an idle timeout by requests that only read. A visitor who only
   * reads may lose the session earlier than the idle timeout by this much.
   * @default a tenth of `idleTimeout`
   */
  touchInterval: option(duration(0), { environment: 'CODEX_SESSION_TOUCH_INTERVAL' }),
  /**
   * Whether Django can read the stored sessions. Options that change the stored form, such as `atRest`, need false.
   * @default true
   */
  django: option(flag(), { default: true }),
  /** Protects sessions from somebody who reads Redis or a dump of it. Needs `django: false`. */
  atRest: feature<typeof atRestOptions, AtRestOptions>(atRestOptions),
  /**
   * Converts the entries to text before they are signed: an instance, a class or a provider token.
   * @default JsonSerializer
   */
  serializer: option(serializer<SerializerSource>()),
  /**
   * The maximum size in bytes of a stored session. A save beyond it is refused with a SessionTooLargeError (413).
   * @default 262144
   */
  maxBytes: option(integer(1), { environment: 'SESSION_MAX_BYTES', default: 262_144 }),
  /**
   * Whether every request extends the session, not only those that change it.
   * @default false
   */
  saveEveryRequest: option(flag(), { environment: 'SESSION_SAVE_EVERY_REQUEST', default: false }),
  /**
   * `global`: every route has its session. `manual`: only routes with `@UseGuards(SessionGuard)` and
   * `@UseInterceptors(SessionInterceptor)`.
   * @default 'global'
   */
  mount: option(oneOf('global', 'manual'), { default: 'global' }),
  /**
   * `always`: the session is loaded before any code of the application runs. `declared`: the guard loads it, for
   * handlers with `@Session()` or `@UseSession()`.
   * @default 'always'
   */
  load: option(oneOf('always', 'declared'), { default: 'always' }),
  /**
   * Paths that have no session and cost no command, in the syntax of Nest's `exclude()`: `['assets/{*path}',
   * 'health']`.
   *
   * They are written with or without the global prefix. `request.session` is `undefined` there.
   */
  exclude: option(routes()),
  /**
   * Takes over the sessions of an earlier application: the result of `connectRedis()`.
   *
   * A visitor with a live session of express-session or @fastify/session keeps it from the first request on.
   */
  migrateFrom: option(origin()),
  /**
   * Whether every process hears at once when a session ends: it closes the session's sockets and calls listeners of
   * `ended`. Without it, sockets are closed within a minute.
   *
   * One PUBLISH for each session that ends or gets a new key; a process that listens has one more connection.
   * @default false
   */
  broadcastEvents: option(flag(), { environment: 'CODEX_SESSION_BROADCAST_EVENTS', default: false }),
  perUser: feature<typeof perUserOptions, PerUserOptions>(perUserOptions),
  cookie: section<typeof cookieOptions, CookieOptions>(cookieOptions),
  /**
   * The Cache-Control header beside a session cookie if the handler set none. null sends none.
   * @default 'private, no-store'
   */
  cacheControl: option(
    orNull(
      text(
        'the value of a Cache-Control header with private or no-store, and without public and s-maxage (a shared ' +
          'cache would hand the session cookie to everybody)',
        (value) => /^[\x20-\x7e]+$/.test(value) && withoutSharedCaching(value) === undefined,
      ),
      'for none',
    ),
    { default: 'private, no-store' },
  ),
};

/** The options under `session`. */
export const sessionOptions = {
  ...sourceOptions,
  /**
   * A separate Redis for the sessions. `session.clientOptions`, `.cluster`, `.sentinel` and `.client`
   * work too.
   * @default as the cache
   */
  url: option(redisUrl(), { environment: 'CODEX_SESSION_REDIS_URL' }),
  ...sessionOnlyOptions,
};

/** Sessions. They are on when this is given, and need `projectName` and `secretKey`. */
export interface SessionOptions extends OptionsOf<typeof sessionOptions> {}
