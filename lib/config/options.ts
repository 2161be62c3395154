import { type CacheOptions, cacheOptions } from './cache-options.js';
import { integer, milliseconds, secret, secrets, text } from './kinds.js';
import { isUnambiguousFirst } from './namespaces.js';
import { feature, option, type OptionsOf, section } from './option.js';
import { type SessionOptions, sessionOptions } from './session-options.js';
import { redisUrl, sourceOptions } from './source-options.js';

const memoryOptions = {
  /**
   * The maximum number of entries in the embedded cache. The least recently used entries are removed first, sessions
   * never.
   */
  maxEntries: option(integer(1)),
};

/** The embedded store of `memory:`. */
export interface MemoryOptions extends OptionsOf<typeof memoryOptions> {}

/** Every option of `forRoot()`, in the order of the documentation. */
export const moduleOptions = {
  ...sourceOptions,
  /**
   * The address of Redis: `redis:`, `rediss:`, `valkey:`, `valkeys:`, `unix:///path?db=2`, or `memory:` for the embedded
   * store.
   * @default 'redis://localhost:6379/0'
   */
  url: option(redisUrl(), { environment: 'REDIS_URL', default: 'redis://localhost:6379/0' }),
  /**
   * Milliseconds within which Redis must answer a command.
   *
   * A missing answer is noticed up to a fifth later. A reply that is still arriving is waited for.
   * @default 1000
   */
  operationTimeoutMs: option(milliseconds(), {
    environment: 'CODEX_REDIS_OPERATION_TIMEOUT_MS',
    default: 1000,
  }),
  /**
   * Milliseconds within which a connection must be established. At start, refused connections are tried again until
   * then.
   * @default 5000
   */
  connectTimeoutMs: option(milliseconds(), { environment: 'CODEX_REDIS_CONNECT_TIMEOUT_MS', default: 5000 }),
  /** Options of the embedded store of `memory:`. */
  memory: section<typeof memoryOptions, MemoryOptions>(memoryOptions),
  /**
   * The first segment of every session's Redis key, such as `shop`. Sessions need it. With codex-django, it is the
   * PROJECT_NAME.
   */
  projectName: option(
    text(
      'a non-empty string without a segment of digits only after its first colon',
      (name) => name !== '' && isUnambiguousFirst(name),
    ),
    { environment: 'PROJECT_NAME' },
  ),
  /**
   * Signs the sessions: at least 32 random bytes. Sessions need it. A shorter key is refused when NODE_ENV is
   * `production`, and otherwise gives a warning. With Django, it is the SECRET_KEY.
   */
  secretKey: option(secret(), { environment: 'SECRET_KEY' }),
  /**
   * Earlier secret keys, which still verify sessions (in the environment: separated by commas).
   *
   * The next save signs with `secretKey`.
   */
  secretKeyFallbacks: option(secrets(), { environment: 'SECRET_KEY_FALLBACKS' }),
  /** The default cache, injected as `CacheService`. */
  cache: section<typeof cacheOptions, CacheOptions>(cacheOptions),
  /** Switches sessions on. `{}` uses the defaults. */
  session: feature<typeof sessionOptions, SessionOptions>(sessionOptions),
};

/** The options of `CodexRedisModule.forRoot()`. */
export interface CodexRedisOptions extends OptionsOf<typeof moduleOptions> {}
