import { z } from 'zod';
import { isSerializer } from '../serializer/serializer.js';
import { parseDuration } from '../common/duration.js';
import { isCookieName, isUnambiguousFirst, isUnambiguousLater } from './namespaces.js';
import type {
  KeyFunction,
  KeyPattern,
  NodeRedisClient,
  RedisSourceOptions,
  SerializerSource,
} from './options.js';

const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_SECONDS = 10 ** 12;

/** An optional option that takes what `check` accepts, and whose refusal reads "must be {expected}". */
const checked = <T>(expected: string, check: (value: unknown) => boolean) =>
  z.custom<T>((value) => check(value), { error: `must be ${expected}` }).optional();

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const areObjects = (value: unknown): boolean => Array.isArray(value) && value.every(isObject);

const isSeconds = (value: unknown, least: number): boolean => {
  const seconds = typeof value === 'string' ? (parseDuration(value) ?? NaN) / 1000 : value;
  return typeof seconds === 'number' && seconds >= least && seconds <= MAX_SECONDS;
};

const text = (expected: string) =>
  checked<string>(expected, (value) => typeof value === 'string' && value !== '');
const flag = () => checked<boolean>('true or false', (value) => typeof value === 'boolean');
const oneOf = <const T extends readonly (string | boolean)[]>(...values: T) =>
  checked<T[number]>(`one of ${values.map(String).join(', ')}`, (value) =>
    values.includes(value as T[number]),
  );

const milliseconds = () =>
  checked<number>(
    `a whole number of milliseconds from 1 to ${MAX_TIMER_MS}`,
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TIMER_MS,
  );

const objectOf = <T>(source: string) => checked<T>(`an object of options for ${source}`, isObject);

const isRedisUrl = (value: unknown): boolean => {
  if (typeof value !== 'string') return false;
  if (value === 'memory:' || value.startsWith('unix://')) return true;
  if (!/^rediss?:\/\/[^\s?#]+$/.test(value) || !URL.canParse(value)) return false;
  const { hostname, pathname } = new URL(value);
  return hostname !== '' && /^(\/\d*)?$/.test(pathname);
};

/** The clients of a cluster and of Sentinels take further arguments before the command. */
const isClient = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['isOpen'] === 'boolean' &&
  typeof value['isReady'] === 'boolean' &&
  typeof value['sendCommand'] === 'function' &&
  value['sendCommand'].length <= 2;

const source = {
  url: checked<string>(
    'redis://host:port/3 for database 3 (no ?db=), rediss://…, unix:///path?db=2 or memory: ' +
      '(percent-encode a password, ? and # too; the value is not shown here)',
    isRedisUrl,
  ),
  clientOptions: objectOf<Record<string, unknown>>('createClient() of node-redis'),
  cluster: checked<NonNullable<RedisSourceOptions['cluster']>>(
    'an object of options for createCluster() of node-redis, with rootNodes: [{ url }, …]',
    (value) => isObject(value) && areObjects(value['rootNodes']),
  ),
  sentinel: checked<NonNullable<RedisSourceOptions['sentinel']>>(
    'an object of options for createSentinel() of node-redis, with name and sentinelRootNodes: [{ host, port }, …]',
    (value) => isObject(value) && typeof value['name'] === 'string' && areObjects(value['sentinelRootNodes']),
  ),
  client: checked<NodeRedisClient>(
    'a client made by createClient() of node-redis (no pool; for others give options as `cluster` or `sentinel`)',
    isClient,
  ),
};

const keyPrefix = checked<string>(
  'a string without a segment of digits only after its first colon (it could not be told from a version)',
  (value) => typeof value === 'string' && value.isWellFormed() && isUnambiguousFirst(value),
);

const cache = {
  keyPrefix,
  timeout: checked<number | string | null>(
    "seconds from 0, a duration string with a unit such as '5m', or null for never",
    (value) => value === null || isSeconds(value, 0),
  ),
  version: checked<number>('an integer from 0', (value) => Number.isSafeInteger(value) && Number(value) >= 0),
  serializer: checked<SerializerSource>(
    'a serializer with dumps() and loads(), its class, or a provider token',
    (value) => ['function', 'string', 'symbol'].includes(typeof value) || isSerializer(value),
  ),
  keyFunction: checked<KeyFunction>(
    'a function (key, keyPrefix, version) => string',
    (value) => typeof value === 'function',
  ),
  keyPattern: checked<KeyPattern>(
    'an object with the functions glob() and parse()',
    (value) => isObject(value) && typeof value['glob'] === 'function' && typeof value['parse'] === 'function',
  ),
};

const isSecret = (value: unknown): boolean =>
  (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0;

const cookie = z.strictObject({
  name: checked<string>(
    "a cookie name: letters, digits and !#$%&'*+-.^_`|~",
    (value) => typeof value === 'string' && isCookieName(value),
  ),
  path: checked<string | null>(
    "a path that begins with '/', without ';' or control characters, or null",
    (value) => value === null || (typeof value === 'string' && /^\/[\x20-\x3a\x3c-\x7e]*$/.test(value)),
  ),
  domain: checked<string>(
    'a domain name such as example.com',
    (value) => typeof value === 'string' && /^\.?[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(value),
  ),
  secure: flag(),
  httpOnly: flag(),
  sameSite: oneOf('lax', 'strict', 'none', false),
  partitioned: flag(),
  priority: oneOf('low', 'medium', 'high'),
});

const session = z.strictObject({
  ...source,
  keyPrefix: checked<string>(
    'a non-empty string without a segment of digits only (it could not be told from a version)',
    (value) => typeof value === 'string' && value !== '' && value.isWellFormed() && isUnambiguousLater(value),
  ),
  salt: text('a non-empty string'),
  age: checked<number | string>("seconds from 1, or a duration string with a unit such as '14d'", (value) =>
    isSeconds(value, 1),
  ),
  expireAtBrowserClose: flag(),
  saveEveryRequest: flag(),
  mount: oneOf('global', 'manual'),
  load: oneOf('always', 'declared'),
  cookie: cookie.optional(),
  cacheControl: checked<string | null>(
    'the value of a Cache-Control header, or null for none',
    (value) => value === null || (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)),
  ),
});

/** What `registerCache()` takes, each option by itself. */
export const namedCacheSchema = z.strictObject({
  name: z.custom<string>((value) => typeof value === 'string' && value !== '', {
    error: 'must be a non-empty string',
  }),
  ...source,
  ...cache,
});

/** What `forRoot()` takes, each option by itself; `checkTogether` looks at how they fit each other. */
export const optionsSchema = z.strictObject({
  ...source,
  operationTimeoutMs: milliseconds(),
  connectTimeoutMs: milliseconds(),
  memory: z
    .strictObject({
      maxEntries: checked<number>(
        'an integer from 1',
        (value) => Number.isSafeInteger(value) && Number(value) >= 1,
      ),
    })
    .optional(),
  projectName: checked<string>(
    'a non-empty string without a segment of digits only after its first colon',
    (value) => typeof value === 'string' && value !== '' && value.isWellFormed() && isUnambiguousFirst(value),
  ),
  secretKey: checked<string | Uint8Array>('a non-empty string or Uint8Array', isSecret),
  secretKeyFallbacks: checked<readonly (string | Uint8Array)[]>(
    'an array of non-empty strings or Uint8Arrays',
    (value) => Array.isArray(value) && value.every(isSecret),
  ),
  cache: z.strictObject(cache).optional(),
  session: session.optional(),
});
