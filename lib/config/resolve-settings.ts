import { Concealed } from '../common/concealed.js';
import {
  type CacheOptions,
  cacheOptions,
  type NamedCacheOptions,
  namedCacheOptions,
} from './cache-options.js';
import { refuseNoObject, refuseProblems } from './check-options.js';
import { checkNamedCache, checkTogether } from './cross-checks.js';
import { isProduction } from './environment.js';
import { sessionNamespaces } from './namespaces.js';
import { settle } from './option.js';
import { type CodexRedisOptions, moduleOptions } from './options.js';
import { isShortSecret, SHORT_SECRET_BYTES, SIGN_WITH_RANDOM_BYTES } from './secret-key.js';
import { readingMasters, storeOfCache } from './replica-reads.js';
import { sessionOnlyOptions, type SessionOptions } from './session-options.js';
import type {
  CacheSettings,
  CodexRedisSettings,
  SecretKeys,
  SessionSettings,
  StoreSettings,
  StoreSource,
} from './settings.js';
import type { RedisSourceOptions } from './source-options.js';

/**
 * The settings for the options of `CodexRedisModule.forRoot()`.
 *
 * @throws ImproperlyConfiguredError that names every problem with its path and the fix.
 */
export const resolveSettings = (options: CodexRedisOptions): CodexRedisSettings => {
  refuseNoObject('CodexRedisModule', options);
  refuseProblems(moduleOptions, options, checkTogether);
  const store = storeSettings(options);
  const session = options.session === undefined ? null : sessionSettings(options, options.session, store);
  return {
    store: new Concealed(store),
    maxEntries: options.memory?.maxEntries,
    cache: cacheSettings('default', options.cache ?? {}, session),
    session,
    sessionStore: new Concealed(sessionStoreSettings(options.session ?? {}, store)),
  };
};

/** The settings for the options of `CodexRedisModule.registerCache()`. */
export const resolveNamedCache = (
  name: string,
  given: Omit<NamedCacheOptions, 'name'>,
  settings: CodexRedisSettings,
): { cache: CacheSettings; store: StoreSettings } => {
  const owner = `the cache ${JSON.stringify(name)}`;
  refuseNoObject(owner, given);
  const options = { ...given, name };
  refuseProblems(namedCacheOptions, options, checkNamedCache, `${owner}: `);
  const source = sourceOf({ ...options, memory: { maxEntries: settings.maxEntries } });
  const cache = cacheSettings(name, options, settings.session, `${owner}: `);
  return { cache, store: storeOfCache(onSource(settings.store.reveal(), source, options), cache) };
};

/** Advice that does not stop the start. */
export const settingsWarnings = ({ session }: CodexRedisSettings): string[] =>
  session === null ? [] : [...shortSecrets(session.secretKeys.reveal()), ...openCookie(session.cookie)];

const shortSecrets = (secrets: SecretKeys): string[] =>
  secrets.flatMap((secret, index) => {
    if (!isShortSecret(secret)) return [];
    const [option, fix] =
      index === 0
        ? ['secretKey', SIGN_WITH_RANDOM_BYTES]
        : [`secretKeyFallbacks.${index - 1}`, 'remove it as soon as its sessions have expired'];
    return [`${option} is shorter than ${SHORT_SECRET_BYTES} bytes; ${fix}`];
  });

/** Environments in which cookies over plain HTTP are normal. */
const LOCAL = ['development', 'test'];

const openCookie = ({ secure }: SessionSettings['cookie']): string[] => {
  const environment = process.env['NODE_ENV'];
  return secure || LOCAL.includes(environment ?? '')
    ? []
    : [
        'session.cookie.secure is off: the session cookie also travels over plain HTTP. Set it to true behind TLS, or ' +
          `NODE_ENV (now ${environment === undefined ? 'not set' : JSON.stringify(environment)}) to production, development or test`,
      ];
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

/** Sessions are never evicted. They are never read from a replica, which may not have the latest save yet. */
const forSessions = (source: StoreSource): StoreSource =>
  source.kind === 'memory' ? { ...source, maxEntries: undefined } : readingMasters(source);

const storeSettings = (options: CodexRedisOptions): StoreSettings => {
  const { url, clientOptions = {}, operationTimeoutMs, connectTimeoutMs } = settle(moduleOptions, options);
  const source = sourceOf(options) ?? { kind: 'url', url };
  return { source, clientOptions, operationTimeoutMs, connectTimeoutMs };
};

/** The same, on its own Redis if there is one. It gets its own client options, never another's. */
const onSource = (
  store: StoreSettings,
  source: StoreSource | undefined,
  { clientOptions = {} }: RedisSourceOptions,
): StoreSettings => (source === undefined ? store : { ...store, source, clientOptions });

const sessionStoreSettings = (session: RedisSourceOptions, store: StoreSettings): StoreSettings => {
  const own = onSource(store, sourceOf(session), session);
  return { ...own, holdsSessions: true, source: forSessions(own.source) };
};

const cacheSettings = (
  name: string,
  cache: CacheOptions,
  session: SessionSettings | null,
  place = 'cache.',
): CacheSettings => {
  const { timeout, ...settings } = settle(cacheOptions, cache);
  return {
    ...settings,
    name,
    place,
    timeoutMs: timeout,
    sessionNamespaces: session === null ? [] : sessionNamespaces(session.projectName, session.keyPrefix),
  };
};

const sessionSettings = (
  { projectName = '', secretKey = '', secretKeyFallbacks = [] }: CodexRedisOptions,
  session: SessionOptions,
  { operationTimeoutMs }: StoreSettings,
): SessionSettings => {
  const { cookie, ...settings } = settle(sessionOnlyOptions, session);
  return {
    ...settings,
    projectName,
    secretKeys: new Concealed<SecretKeys>([secretKey, ...secretKeyFallbacks]),
    cookie: {
      ...cookie,
      name: cookie.name ?? `sessionid_${projectName}`,
      secure: cookie.secure ?? isProduction(),
    },
    operationTimeoutMs,
  };
};
