/** One setting: its option, the environment variable it may come from, and its meaning in one line. */
export interface SettingName {
  /** Dotted path in the options of `CodexRedisModule.forRoot()`. */
  readonly option: string;
  readonly environment?: string;
  /** How the variable's text is read. */
  readonly reads?:
    'text' | 'number' | 'boolean' | 'list' | 'seconds' | 'text or none' | 'text or unset' | 'same site';
  readonly default: string;
  readonly note: string;
}

/**
 * Every setting, in the order of the documentation, which is checked against this table. The environment is read
 * by it, and a problem with a value that came from there names the variable.
 */
export const SETTING_NAMES: readonly SettingName[] = [
  {
    option: 'url',
    environment: 'REDIS_URL',
    reads: 'text',
    default: '`redis://localhost:6379/0`',
    note: '`redis:`, `rediss:`, `unix:///path?db=2`, or `memory:` for the embedded store',
  },
  { option: 'cluster', default: '–', note: 'instead of `url`: the options of node-redis’ `createCluster`' },
  { option: 'sentinel', default: '–', note: 'instead of `url`: the options of node-redis’ `createSentinel`' },
  { option: 'client', default: '–', note: 'instead of `url`: a connected client of your own, never closed' },
  {
    option: 'clientOptions',
    default: '–',
    note: 'node-redis options for `url`, handed through: TLS, ACL user, name …',
  },
  {
    option: 'operationTimeoutMs',
    environment: 'CODEX_REDIS_OPERATION_TIMEOUT_MS',
    reads: 'number',
    default: '1000',
    note: 'milliseconds Redis has to answer a command',
  },
  {
    option: 'connectTimeoutMs',
    environment: 'CODEX_REDIS_CONNECT_TIMEOUT_MS',
    reads: 'number',
    default: '5000',
    note: 'milliseconds within which a connection is made, or the start fails',
  },
  {
    option: 'memory.maxEntries',
    default: '–',
    note: 'bounds the embedded cache; sessions are never evicted',
  },
  {
    option: 'projectName',
    environment: 'PROJECT_NAME',
    reads: 'text',
    default: '–',
    note: 'the first segment of every session’s key; sessions need it',
  },
  {
    option: 'secretKey',
    environment: 'SECRET_KEY',
    reads: 'text',
    default: '–',
    note: 'signs the sessions; 32 bytes or more; sessions need it',
  },
  {
    option: 'secretKeyFallbacks',
    environment: 'SECRET_KEY_FALLBACKS',
    reads: 'list',
    default: '–',
    note: 'earlier secret keys, which still verify (in the environment: separated by commas)',
  },
  {
    option: 'cache.keyPrefix',
    environment: 'CACHE_KEY_PREFIX',
    reads: 'text',
    default: '`""`',
    note: 'the first segment of every cache key; `clear()` needs it',
  },
  {
    option: 'cache.timeout',
    environment: 'CACHE_TIMEOUT',
    reads: 'seconds',
    default: '300',
    note: 'seconds or a duration string; null (in the environment: `none`) is never; 0 stores nothing',
  },
  { option: 'cache.version', default: '1', note: 'the second segment of every cache key' },
  {
    option: 'cache.serializer',
    default: '`JsonSerializer`',
    note: 'an instance, a class or a provider token',
  },
  { option: 'cache.keyFunction', default: '`{prefix}:{version}:{key}`', note: 'makes the Redis key' },
  {
    option: 'cache.keyPattern',
    default: '–',
    note: 'with `keyFunction`: its glob and its inverse, for `clear()`, `keys()` and `deletePattern()`',
  },
  {
    option: 'session.url',
    environment: 'CODEX_SESSION_REDIS_URL',
    reads: 'text',
    default: 'as the cache',
    note: 'sessions may live on another Redis; also `session.clientOptions`, `.cluster`, `.sentinel`, `.client`',
  },
  {
    option: 'session.keyPrefix',
    environment: 'CODEX_SESSION_KEY_PREFIX',
    reads: 'text',
    default: '`session`',
    note: 'the second segment of every session’s key',
  },
  {
    option: 'session.salt',
    default: '`django.contrib.sessions.SessionStore`',
    note: 'the salt of the signature: `django.contrib.sessions.` and the name of the Django class that shares the sessions (its `key_salt`)',
  },
  {
    option: 'session.age',
    environment: 'SESSION_COOKIE_AGE',
    reads: 'seconds',
    default: '1209600',
    note: 'seconds, or a duration string, since the last save',
  },
  {
    option: 'session.expireAtBrowserClose',
    environment: 'SESSION_EXPIRE_AT_BROWSER_CLOSE',
    reads: 'boolean',
    default: 'false',
    note: 'the cookie ends with the browser',
  },
  {
    option: 'session.saveEveryRequest',
    environment: 'SESSION_SAVE_EVERY_REQUEST',
    reads: 'boolean',
    default: 'false',
    note: 'each request extends the session',
  },
  {
    option: 'session.mount',
    default: '`global`',
    note: '`global`, or `manual` for `@UseGuards()` and `@UseInterceptors()`',
  },
  {
    option: 'session.load',
    default: '`always`',
    note: '`always`, or `declared`: only for handlers with `@Session()` or `@UseSession()`',
  },
  {
    option: 'session.cookie.name',
    environment: 'SESSION_COOKIE_NAME',
    reads: 'text',
    default: '`sessionid_{projectName}`',
    note: 'a valid cookie name',
  },
  {
    option: 'session.cookie.path',
    environment: 'SESSION_COOKIE_PATH',
    reads: 'text or none',
    default: '`/`',
    note: 'null (in the environment: `none`) leaves it out',
  },
  {
    option: 'session.cookie.domain',
    environment: 'SESSION_COOKIE_DOMAIN',
    reads: 'text or unset',
    default: '–',
    note: 'without it the cookie goes to this host only',
  },
  {
    option: 'session.cookie.secure',
    environment: 'SESSION_COOKIE_SECURE',
    reads: 'boolean',
    default: 'true when NODE_ENV is `production`',
    note: 'sent over TLS only',
  },
  {
    option: 'session.cookie.httpOnly',
    environment: 'SESSION_COOKIE_HTTPONLY',
    reads: 'boolean',
    default: 'true',
    note: 'hidden from scripts in the page',
  },
  {
    option: 'session.cookie.sameSite',
    environment: 'SESSION_COOKIE_SAMESITE',
    reads: 'same site',
    default: '`lax`',
    note: '`lax`, `strict`, `none` (needs `secure`), or false to leave it out',
  },
  {
    option: 'session.cookie.partitioned',
    environment: 'SESSION_COOKIE_PARTITIONED',
    reads: 'boolean',
    default: '–',
    note: 'kept apart for each top-level site; needs `secure`',
  },
  {
    option: 'session.cookie.priority',
    environment: 'SESSION_COOKIE_PRIORITY',
    reads: 'text',
    default: '–',
    note: '`low`, `medium` or `high`',
  },
  {
    option: 'session.cacheControl',
    default: '`private, no-store`',
    note: 'the Cache-Control beside a session cookie where the handler set none; null sends none',
  },
];
