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
import { isFreeWord, isUnambiguousLater } from './namespaces.js';
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
    'what connectRedis({ secret: … }) gives',
    (value) => isObject(value) && typeof value['redisKeyOf'] === 'function',
  );

const routes = () =>
  kind<readonly SessionRoute[]>(
    "an array of paths such as 'assets/{*path}', or of { path, method: RequestMethod.GET }",
    (value) => Array.isArray(value) && value.every(isRoute),
  );

export const perUserOptions = {
  /** How many sessions a user may have at a time; required. Without `session.perUser` there is no limit. */
  limit: option(integer(1)),
  /**
   * What a sign-in does that would be one too many: `end-oldest` ends the session that began first, `refuse` throws a
   * SessionLimitError (409).
   * @default 'end-oldest'
   */
  whenFull: option(oneOf('end-oldest', 'refuse'), { default: 'end-oldest' }),
};

/** How many sessions a user may have: those that `session.signIn()` began. */
export interface PerUserOptions extends OptionsOf<typeof perUserOptions> {}

/** What a dump of Redis is worth nothing for. */
export const atRestOptions = {
  /**
   * Whether Redis has the SHA-256 of each session's key instead of the key, so that nobody gets from Redis into a session.
   * @default false
   */
  hashKeys: option(flag(), { default: false }),
  /**
   * The keys that encrypt the sessions: the first encrypts, all decrypt. Each is 32 random bytes, as a Uint8Array or in
   * base64url.
   */
  encryption: option(encryptionKeys()),
  /**
   * When it was switched on: sessions that were stored before are still read, for `session.age`. Without it they count as
   * unreadable.
   */
  since: option(moment()),
};

/** What Redis holds of sessions beside what is needed to find and check them. */
export interface AtRestOptions extends OptionsOf<typeof atRestOptions> {}

/** The options of the sessions themselves. */
export const sessionOnlyOptions = {
  /**
   * The second segment of every session's key, after `projectName`.
   * @default 'session'
   */
  keyPrefix: option(
    text(
      'a non-empty string without a segment of digits only (it could not be told from a version), that does not ' +
        'begin with a word of the module (grace, lease, tokens, tag, epoch, lock, trace, user, throttle)',
      (prefix) => prefix !== '' && isUnambiguousLater(prefix) && isFreeWord(prefix),
    ),
    { environment: 'CODEX_SESSION_KEY_PREFIX', default: 'session' },
  ),
  /**
   * The salt of the signature: `django.contrib.sessions.` and the name of the Django class that shares the sessions
   * (its `key_salt`).
   * @default 'django.contrib.sessions.SessionStore'
   */
  salt: option(text('a non-empty string'), { default: 'django.contrib.sessions.SessionStore' }),
  /**
   * Seconds, or a duration string, that a session lives after it was last saved.
   * @default 1209600
   */
  age: option(durationInSeconds(1), { environment: 'SESSION_COOKIE_AGE', default: 1_209_600 }),
  /**
   * Whether the cookie ends with the browser.
   * @default false
   */
  expireAtBrowserClose: option(flag(), { environment: 'SESSION_EXPIRE_AT_BROWSER_CLOSE', default: false }),
  /**
   * Seconds, or a duration string, that a session may go unused. Without it only `age` counts.
   */
  idleTimeout: option(duration(1), { environment: 'CODEX_SESSION_IDLE_TIMEOUT' }),
  /**
   * Seconds, or a duration string, after which a session ends however much it is used.
   */
  absoluteTimeout: option(duration(1), { environment: 'CODEX_SESSION_ABSOLUTE_TIMEOUT' }),
  /**
   * How often, at most, a request that only reads extends a session with an idle timeout.
   * @default a tenth of `idleTimeout`
   */
  touchInterval: option(duration(0), { environment: 'CODEX_SESSION_TOUCH_INTERVAL' }),
  /**
   * Whether Django shares the sessions; false is needed for what Django cannot read.
   * @default true
   */
  django: option(flag(), { default: true }),
  /** Protects sessions from somebody who reads Redis or a dump of it. Needs `django: false`. */
  atRest: feature<typeof atRestOptions, AtRestOptions>(atRestOptions),
  /**
   * How the entries become text before they are signed: an instance, a class or a provider token.
   * @default JsonSerializer
   */
  serializer: option(serializer<SerializerSource>()),
  /**
   * How many bytes the stored text of a session may take. A save of more is refused with a SessionTooLargeError (413).
   * @default 262144
   */
  maxBytes: option(integer(1), { environment: 'SESSION_MAX_BYTES', default: 262_144 }),
  /**
   * Whether each request extends the session.
   * @default false
   */
  saveEveryRequest: option(flag(), { environment: 'SESSION_SAVE_EVERY_REQUEST', default: false }),
  /**
   * `global`: every route has its session; `manual`: those with `@UseGuards(SessionGuard)` and
   * `@UseInterceptors(SessionInterceptor)`.
   * @default 'global'
   */
  mount: option(oneOf('global', 'manual'), { default: 'global' }),
  /**
   * `always`: every session is loaded before anything of the application runs; `declared`: by the guard, for handlers with
   * `@Session()` or `@UseSession()`.
   * @default 'always'
   */
  load: option(oneOf('always', 'declared'), { default: 'always' }),
  /**
   * Paths that have no session and cost no command, as Nest's `exclude()` takes them: `['assets/{*path}', 'health']`.
   *
   * With or without the global prefix. `request.session` is `undefined` there.
   */
  exclude: option(routes()),
  /**
   * Takes over the sessions of an earlier application: what `connectRedis()` gives.
   *
   * Each visitor who still has a live session of express-session or @fastify/session goes on with it at their first request.
   */
  migrateFrom: option(origin()),
  perUser: feature<typeof perUserOptions, PerUserOptions>(perUserOptions),
  cookie: section<typeof cookieOptions, CookieOptions>(cookieOptions),
  /**
   * The Cache-Control beside a session cookie where the handler set none; null sends none.
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

/** What stands under `session`. */
export const sessionOptions = {
  ...sourceOptions,
  /**
   * Another Redis for the sessions than the cache's; also `session.clientOptions`, `.cluster`, `.sentinel`, `.client`.
   * @default as the cache
   */
  url: option(redisUrl(), { environment: 'CODEX_SESSION_REDIS_URL' }),
  ...sessionOnlyOptions,
};

/** Sessions. They are on when this is given, and need `projectName` and `secretKey`. */
export interface SessionOptions extends OptionsOf<typeof sessionOptions> {}
