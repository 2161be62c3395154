import { unhonouredOptions } from './unhonoured-options.js';
import type { Problem } from './option.js';
import { type RedisSourceOptions, strayCharacter } from './source-options.js';

/** At most one kind of connection, and its client options. */
export const checkSource = (source: RedisSourceOptions, path: string): Problem[] => {
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

/** A cache or sessions without a Redis of their own use the module's. Its client options must not be mixed with others. */
export const checkOwnClientOptions = (
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

/** With TLS to the first node, nobody expects passwords and data in clear text to the next. */
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
