import type { z } from 'zod';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { describeValue } from '../common/describe-value.js';
import { checkNamedCache, checkTogether, isProduction, type Problem } from './cross-checks.js';
import { parseDuration } from '../common/duration.js';
import { FROM_ENVIRONMENT } from './environment.js';
import { namedCacheSchema, optionsSchema } from './option-schemas.js';
import type {
  CacheOptions,
  CodexRedisOptions,
  Duration,
  NamedCacheOptions,
  RedisSourceOptions,
  SessionOptions,
} from './options.js';
import { SETTING_NAMES } from './setting-names.js';
import type {
  CacheSettings,
  CodexRedisSettings,
  SessionSettings,
  StoreSettings,
  StoreSource,
} from './settings.js';

const DEFAULT_URL = 'redis://localhost:6379/0';
const DEFAULT_CACHE_TIMEOUT = 300;
const DEFAULT_SESSION_AGE = 1_209_600;
const SHORT_SECRET_BYTES = 32;

/**
 * What the options of `CodexRedisModule.forRoot()` mean.
 *
 * @throws ImproperlyConfiguredError that names every problem with its path and the cure.
 */
export const resolveSettings = (options: CodexRedisOptions): CodexRedisSettings => {
  refuseNoObject('CodexRedisModule', options);
  refuseProblems(optionsSchema, options, checkTogether);
  const store = storeSettings(options, sourceOf(options) ?? { kind: 'url', url: DEFAULT_URL });
  return {
    store,
    maxEntries: options.memory?.maxEntries,
    cache: cacheSettings(options.cache ?? {}),
    session: options.session === undefined ? null : sessionSettings(options, options.session, store),
    sessionStore: sessionStoreSettings(options.session ?? {}, store),
  };
};

/** What the options of `CodexRedisModule.registerCache()` mean, beside the settings of the module. */
export const resolveNamedCache = (
  name: string,
  given: Omit<NamedCacheOptions, 'name'>,
  settings: CodexRedisSettings,
): { cache: CacheSettings; store: StoreSettings } => {
  const owner = `the cache ${JSON.stringify(name)}`;
  refuseNoObject(owner, given);
  const options = { ...given, name };
  refuseProblems(namedCacheSchema, options, checkNamedCache, `${owner}: `);
  const source = sourceOf({ ...options, memory: { maxEntries: settings.maxEntries } });
  return { cache: cacheSettings(options, `${owner}: `), store: onSource(settings.store, source, options) };
};

/** Advice that does not stop the start. */
export const settingsWarnings = ({ session }: CodexRedisSettings): string[] =>
  (session?.secretKeys ?? []).flatMap((secret, index) => {
    if (Buffer.byteLength(secret) >= SHORT_SECRET_BYTES) return [];
    const [option, cure] =
      index === 0
        ? ['secretKey', 'sign with random bytes, such as crypto.randomBytes(48).toString("base64url")']
        : [`secretKeyFallbacks.${index - 1}`, 'take it away as soon as its sessions have expired'];
    return [`${option} is shorter than ${SHORT_SECRET_BYTES} bytes; ${cure}`];
  });

/** @throws ImproperlyConfiguredError */
export const refuseNoObject = (owner: string, options: unknown): void => {
  if (typeof options !== 'object' || options === null)
    throw new ImproperlyConfiguredError(
      `The options of ${owner} must be an object, got ${describeValue(options)}; does the factory return them?`,
    );
};

const refuseProblems = <T extends object>(
  schema: z.ZodType,
  options: T,
  together: (options: T) => Problem[],
  owner = '',
): void => {
  const parsed = schema.safeParse(options, { reportInput: true });
  const alone = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, schema));
  const sound = alone.reduce((rest, { path }) => without(rest, path.split('.')), options);
  const wrong = new Set(alone.map(({ path }) => path));
  const all = [...alone, ...together(sound).filter(({ path }) => !wrong.has(path))];
  if (all.length > 0)
    throw new ImproperlyConfiguredError(all.map((problem) => owner + sentence(problem, options)));
};

/** A copy without the option at a path, so that the other options can still be checked. */
const without = <T extends object>(options: T, [name = '', ...rest]: readonly string[]): T => {
  const { [name]: value, ...others } = options as Record<string, unknown>;
  const kept = rest.length > 0 && typeof value === 'object' && value !== null;
  return (kept ? { ...others, [name]: without(value, rest) } : others) as T;
};

const valueAt = (options: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], options);

const problemsOfIssue = (issue: z.core.$ZodIssue, schema: z.ZodType): Problem[] => {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: path === '' ? key : `${path}.${key}`,
      message: whyUnknown(key, path, schema),
    }));
  const expected = issue.code === 'custom' ? issue.message : 'must be an object of options';
  return [{ path, message: `${expected}, got ${describeValue(issue.input)}` }];
};

const whyUnknown = (key: string, path: string, schema: z.ZodType): string => {
  if (path === '' && schema === optionsSchema && key === 'isGlobal')
    return 'belongs beside the factory, not into its result';
  if (path === '' && schema === namedCacheSchema && (key in optionsSchema.shape || key === 'isGlobal'))
    return 'is an option of forRoot(); set it there';
  return 'is no option of this module; see the settings reference for those there are';
};

/** The variable is named where the value is the one that was read from it. */
const sentence = ({ path, message }: Problem, options: object): string => {
  const { [FROM_ENVIRONMENT]: read } = options as { [FROM_ENVIRONMENT]?: ReadonlyMap<string, unknown> };
  const variable =
    read !== undefined && read.get(path) === valueAt(options, path)
      ? SETTING_NAMES.find(({ option }) => option === path)?.environment
      : undefined;
  return variable === undefined
    ? `${path} ${message}`
    : `${path} (environment variable ${variable}) ${message}`;
};

const sourceOf = (
  options: RedisSourceOptions & Pick<CodexRedisOptions, 'memory'>,
): StoreSource | undefined => {
  const { url, cluster, sentinel, client } = options;
  if (cluster) return { kind: 'cluster', options: cluster };
  if (sentinel) return { kind: 'sentinel', options: sentinel };
  if (client) return { kind: 'client', client };
  if (url === 'memory:') return { kind: 'memory', maxEntries: options.memory?.maxEntries };
  return url === undefined ? undefined : { kind: 'url', url };
};

/** Sessions are never evicted, and never read from a replica: one just saved may not have reached it yet. */
const forSessions = (source: StoreSource): StoreSource => {
  switch (source.kind) {
    case 'memory':
      return { ...source, maxEntries: undefined };
    case 'cluster':
      return { ...source, options: { ...source.options, useReplicas: false } };
    case 'sentinel':
      return { ...source, options: { ...source.options, replicaPoolSize: 0 } };
    default:
      return source;
  }
};

const storeSettings = (options: CodexRedisOptions, source: StoreSource): StoreSettings => ({
  source,
  clientOptions: options.clientOptions ?? {},
  operationTimeoutMs: options.operationTimeoutMs ?? 1000,
  connectTimeoutMs: options.connectTimeoutMs ?? 5000,
});

/** The same, on a Redis of its own where there is one: it gets its own client options, never another's. */
const onSource = (
  store: StoreSettings,
  source: StoreSource | undefined,
  { clientOptions = {} }: RedisSourceOptions,
): StoreSettings => (source === undefined ? store : { ...store, source, clientOptions });

const sessionStoreSettings = (session: RedisSourceOptions, store: StoreSettings): StoreSettings => {
  const own = onSource(store, sourceOf(session), session);
  return { ...own, holdsSessions: true, source: forSessions(own.source) };
};

const cacheSettings = (cache: CacheOptions, place = 'cache.'): CacheSettings => ({
  place,
  keyPrefix: cache.keyPrefix ?? '',
  timeoutMs:
    cache.timeout === null ? null : Math.round(seconds(cache.timeout ?? DEFAULT_CACHE_TIMEOUT) * 1000),
  version: cache.version ?? 1,
  serializer: cache.serializer,
  keyFunction: cache.keyFunction,
  keyPattern: cache.keyPattern,
});

const sessionSettings = (
  { projectName = '', secretKey = '', secretKeyFallbacks = [] }: CodexRedisOptions,
  session: SessionOptions,
  { operationTimeoutMs }: StoreSettings,
): SessionSettings => ({
  projectName,
  secretKeys: [secretKey, ...secretKeyFallbacks],
  keyPrefix: session.keyPrefix ?? 'session',
  salt: session.salt ?? 'django.contrib.sessions.SessionStore',
  age: seconds(session.age ?? DEFAULT_SESSION_AGE),
  expireAtBrowserClose: session.expireAtBrowserClose ?? false,
  saveEveryRequest: session.saveEveryRequest ?? false,
  mount: session.mount ?? 'global',
  load: session.load ?? 'always',
  cookie: {
    ...session.cookie,
    name: session.cookie?.name ?? `sessionid_${projectName}`,
    path: session.cookie?.path === undefined ? '/' : session.cookie.path,
    secure: session.cookie?.secure ?? isProduction(),
    httpOnly: session.cookie?.httpOnly ?? true,
    sameSite: session.cookie?.sameSite ?? 'lax',
  },
  cacheControl: session.cacheControl === undefined ? 'private, no-store' : session.cacheControl,
  operationTimeoutMs,
});

const seconds = (duration: Duration): number =>
  typeof duration === 'number' ? duration : (parseDuration(duration) ?? NaN) / 1000;
