import { stringifySetCookie } from 'cookie';
import type { CacheOptions, NamedCacheOptions } from './cache-options.js';
import { unhonouredOptions } from './client-options.js';
import { isCookieName } from './namespaces.js';
import { type Problem, settle } from './option.js';
import type { CodexRedisOptions } from './options.js';
import { type CookieOptions, sessionOnlyOptions, type SessionOptions } from './session-options.js';
import { type RedisSourceOptions, strayCharacter } from './source-options.js';

/** How options of `forRoot()` that are right by themselves do not fit each other. */
export const checkTogether = (options: CodexRedisOptions): Problem[] => [
  ...checkSource(options, ''),
  ...checkCache(options.cache ?? {}, 'cache.'),
  ...checkSession(options),
];

/** The same for those of `registerCache()`. */
export const checkNamedCache = (cache: NamedCacheOptions): Problem[] => [
  ...checkSource(cache, ''),
  ...checkOwnClientOptions(cache, ''),
  ...checkCache(cache, ''),
];

/** At most one way to Redis, and the client options of that. */
const checkSource = (source: RedisSourceOptions, path: string): Problem[] => {
  const given = (['url', 'cluster', 'sentinel', 'client'] as const).filter(
    (name) => source[name] !== undefined,
  );
  const problems = checkClientOptions(source, path);
  return given.length > 1
    ? [
        {
          path: path + String(given[1]),
          message: `cannot stand beside ${path}${String(given[0])}; keep one of them`,
        },
        ...problems,
      ]
    : problems;
};

const checkCache = ({ keyPattern, keyFunction, readThrough }: CacheOptions, path: string): Problem[] => [
  ...(keyPattern !== undefined && keyFunction === undefined
    ? [{ path: `${path}keyPattern`, message: `needs ${path}keyFunction beside it; give both or neither` }]
    : []),
  ...((readThrough?.softTimeout ?? null) !== null && !readThrough?.grace
    ? [
        {
          path: `${path}readThrough.softTimeout`,
          message: `needs ${path}readThrough.grace beside it, which says how long there is a stale value to serve`,
        },
      ]
    : []),
  ...(['lease', 'wait'] as const)
    .filter((name) => readThrough?.[name] !== undefined && readThrough.singleFlight === undefined)
    .map((name) => ({
      path: `${path}readThrough.${name}`,
      message: `needs ${path}readThrough.singleFlight: 'shared' beside it, without which no process waits for another`,
    })),
];

const checkClientOptions = (
  { clientOptions, cluster, sentinel, client }: RedisSourceOptions,
  prefix: string,
): Problem[] => {
  const problems = [
    ...unhonouredOptions({ clientOptions, cluster, sentinel }, prefix),
    ...checkRootUrls(cluster?.rootNodes ?? [], `${prefix}cluster.rootNodes`),
    ...checkTlsOfCluster(cluster, `${prefix}cluster`),
    ...checkSentinel(sentinel, `${prefix}sentinel`),
    ...checkTlsOfSentinel(sentinel, `${prefix}sentinel`),
  ];
  if (clientOptions === undefined) return problems;
  const path = `${prefix}clientOptions`;
  const place =
    (cluster && 'cluster.defaults') ??
    (sentinel && 'sentinel.nodeClientOptions') ??
    (client && 'the client itself');
  if (place) problems.push({ path, message: `is for url; give its options to ${place}` });
  return problems;
};

const checkRootUrls = (rootNodes: readonly { readonly url?: unknown }[], path: string): Problem[] =>
  rootNodes.flatMap(({ url }, at) => {
    const message = typeof url === 'string' ? (strayCharacter(url) ?? databaseIn(url)) : undefined;
    return message === undefined ? [] : [{ path: `${path}.${at}.url`, message }];
  });

const databaseIn = (url: string): string | undefined =>
  URL.canParse(url) && /^\/0*[1-9]\d*$/.test(new URL(url).pathname)
    ? 'must not name a database; a Cluster has database 0 only'
    : undefined;

/** Who asks for TLS on the first step does not expect passwords and data in the clear on the next. */
const checkTlsOfCluster = (cluster: RedisSourceOptions['cluster'], path: string): Problem[] => {
  if (cluster === undefined || usesTls(cluster.defaults)) return [];
  return cluster.rootNodes.flatMap((root, at) =>
    usesTls(root)
      ? [
          {
            path: `${path}.rootNodes.${at}`,
            message: `asks for TLS, but the nodes it names would be reached without; set ${path}.defaults.socket.tls: true`,
          },
        ]
      : [],
  );
};

const checkSentinel = (sentinel: RedisSourceOptions['sentinel'], path: string): Problem[] => [
  ...(sentinel?.name === '' ? [{ path: `${path}.name`, message: NAME_OF_MASTER }] : []),
  ...(sentinel?.sentinelRootNodes ?? []).flatMap(({ host, port }, at) =>
    isAddress(host, port)
      ? []
      : [{ path: `${path}.sentinelRootNodes.${at}`, message: 'needs a host, and a port from 1 to 65535' }],
  ),
];

const NAME_OF_MASTER = 'must be the name of the master, as in "sentinel monitor"';

const isAddress = (host: unknown, port: unknown): boolean =>
  typeof host === 'string' &&
  host !== '' &&
  Number.isInteger(port) &&
  Number(port) > 0 &&
  Number(port) < 65_536;

const checkTlsOfSentinel = (sentinel: RedisSourceOptions['sentinel'], path: string): Problem[] =>
  usesTls(sentinel?.sentinelClientOptions) && !usesTls(sentinel?.nodeClientOptions)
    ? [
        {
          path: `${path}.sentinelClientOptions`,
          message: `asks for TLS, but the master would be reached without; set ${path}.nodeClientOptions.socket.tls: true`,
        },
      ]
    : [];

const usesTls = (options: { readonly url?: unknown; readonly socket?: unknown } | undefined): boolean => {
  const { url, socket } = options ?? {};
  const { tls } = Object(socket) as { readonly tls?: unknown };
  return tls === true || (typeof url === 'string' && /^(rediss|valkeys):/i.test(url));
};

/** What has no Redis of its own uses the module's, whose client options are not to be mixed with others. */
const checkOwnClientOptions = (
  { clientOptions, url, cluster, sentinel, client }: RedisSourceOptions,
  prefix: string,
): Problem[] =>
  clientOptions !== undefined && (url ?? cluster ?? sentinel ?? client) === undefined
    ? [
        {
          path: `${prefix}clientOptions`,
          message: `needs ${prefix}url beside it; set that, or move it to the clientOptions of forRoot()`,
        },
      ]
    : [];

const checkSession = ({ session, projectName, secretKey }: CodexRedisOptions): Problem[] => {
  if (session === undefined) return [];
  const problems = [
    ...checkSource(session, 'session.'),
    ...checkOwnClientOptions(session, 'session.'),
    ...checkCookie(session.cookie ?? {}),
    ...checkTouchInterval(session),
    ...checkPerUser(session),
    ...checkAtRest(session),
  ];
  if (projectName === undefined)
    problems.push({
      path: 'projectName',
      message: 'is required for sessions; it is the first segment of their keys',
    });
  if (secretKey === undefined)
    problems.push({
      path: 'secretKey',
      message: 'is required for sessions; 32 random bytes or more sign them',
    });
  else if (isProduction() && isShortSecret(secretKey))
    problems.push({
      path: 'secretKey',
      message: `is shorter than ${SHORT_SECRET_BYTES} bytes, which NODE_ENV=production refuses; ${SIGN_WITH_RANDOM_BYTES}`,
    });
  if (session.cookie?.name === undefined && projectName !== undefined && !isCookieName(projectName))
    problems.push({
      path: 'session.cookie.name',
      message: 'is needed, since sessionid_{projectName} is no valid cookie name',
    });
  return problems;
};

const checkPerUser = ({ perUser }: SessionOptions): Problem[] =>
  perUser !== undefined && perUser.limit === undefined
    ? [{ path: 'session.perUser.limit', message: 'is required: how many sessions a user may have' }]
    : [];

const checkTouchInterval = (session: SessionOptions): Problem[] => {
  const { touchInterval, idleTimeout } = settle(sessionOnlyOptions, session);
  if (touchInterval === undefined) return [];
  const path = 'session.touchInterval';
  if (idleTimeout === undefined)
    return [{ path, message: 'needs session.idleTimeout beside it, which a request extends' }];
  return touchInterval < idleTimeout
    ? []
    : [
        {
          path,
          message:
            'must be shorter than session.idleTimeout, or sessions in use would end before it has passed',
        },
      ];
};

const checkAtRest = ({ atRest, django }: SessionOptions): Problem[] => {
  if (atRest === undefined) return [];
  const path = 'session.atRest';
  if (atRest.hashKeys !== true && atRest.encryption === undefined)
    return [{ path, message: 'needs hashKeys: true, or encryption: [key], or both' }];
  return django === false
    ? []
    : [
        {
          path,
          message:
            'is nothing that Django can read; if no Django application shares the sessions, set session.django to false',
        },
      ];
};

export const SHORT_SECRET_BYTES = 32;

export const SIGN_WITH_RANDOM_BYTES =
  'sign with random bytes, such as crypto.randomBytes(48).toString("base64url")';

/** Whether a secret key can be guessed too easily. */
export const isShortSecret = (secret: string | Uint8Array): boolean =>
  Buffer.byteLength(secret) < SHORT_SECRET_BYTES;

/** Browsers drop a cookie that breaks the rules of its own name or attributes (RFC 6265bis). */
const checkCookie = (cookie: CookieOptions): Problem[] => {
  const name = (cookie.name ?? '').toLowerCase();
  const secure = cookie.secure ?? isProduction();
  const needsHttpOnly = name.startsWith('__http-') || name.startsWith('__host-http-');
  const rules: readonly [broken: boolean, option: string, message: string][] = [
    [cookie.sameSite === 'none' && !secure, 'sameSite', "'none' needs session.cookie.secure: true"],
    [cookie.partitioned === true && !secure, 'partitioned', 'needs session.cookie.secure: true'],
    [name.startsWith('__secure-') && !secure, 'name', 'with __Secure- needs session.cookie.secure: true'],
    [name.startsWith('__host-') && !secure, 'name', 'with __Host- needs session.cookie.secure: true'],
    [name.startsWith('__http-') && !secure, 'name', 'with __Http- needs session.cookie.secure: true'],
    [needsHttpOnly && cookie.httpOnly === false, 'name', 'with Http- needs session.cookie.httpOnly: true'],
    [
      name.startsWith('__host-') && cookie.domain !== undefined,
      'domain',
      'cannot stand beside a name with __Host-',
    ],
    [
      name.startsWith('__host-') && cookie.path !== undefined && cookie.path !== '/',
      'path',
      "must be '/' for a name with __Host-",
    ],
  ];
  return [
    ...rules.filter(([broken]) => broken).map(([, option, message]) => ({ option, message })),
    ...UNSENDABLE.flatMap((option) => refusalOf(option, cookie)),
  ].map(({ option, message }) => ({ path: `session.cookie.${option}`, message }));
};

/** The options that the library which writes the header looks at, too. */
const UNSENDABLE = ['name', 'path', 'domain'] as const;

/** What passes here is never refused when the first cookie is sent. */
const refusalOf = (
  option: (typeof UNSENDABLE)[number],
  cookie: CookieOptions,
): { option: string; message: string }[] => {
  const value = cookie[option];
  if (value === undefined || value === null) return [];
  try {
    stringifySetCookie({ name: 'name', value: '', [option]: value });
    return [];
  } catch {
    return [
      { option, message: 'cannot be sent in a Set-Cookie header; use letters, digits, hyphens and dots' },
    ];
  }
};

/** Whether NODE_ENV says so: cookies are `secure` by default then. */
export const isProduction = (): boolean => process.env['NODE_ENV'] === 'production';
