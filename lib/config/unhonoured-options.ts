import { OF_ADDRESS, OF_CLIENT, OF_CLUSTER, OF_SENTINEL, OF_SOCKET } from './connection-options.js';
import { isObject } from './kinds.js';
import type { Problem } from './option.js';
import type { RedisSourceOptions } from './source-options.js';
import { nearestName } from '../common/nearest-name.js';

/** The module makes clients recover and answer in time. These options would prevent that. */
const OWN: Readonly<Record<string, string>> = {
  disableOfflineQueue: 'leave it out, calls always fail at once while Redis is down',
  commandOptions: 'set operationTimeoutMs instead',
  RESP: 'leave it out, it is always 3',
  maintNotifications: 'leave it out, the module finds a failover by itself',
  readonly: 'leave it out, replicas serve reads by cluster.useReplicas and sentinel.replicaPoolSize',
};

const OWN_OF_SOCKET: Readonly<Record<string, string>> = {
  reconnectStrategy: 'leave it out, connections are always made again',
  connectTimeout: 'set connectTimeoutMs instead',
};

const OWN_OF_TOPOLOGY: Readonly<Record<string, string>> = {
  ...OWN,
  clientSideCache: 'leave it out, nothing is cached in the process',
  topologyRefreshOnReconnectionAttemptStrategy: 'leave it out, the module looks for changes by itself',
  scanInterval: 'leave it out, the module looks for changes by itself',
  maxCommandRediscovers: 'set operationTimeoutMs instead',
  masterPoolSize: 'leave it out, one connection carries all calls',
  reserveClient: 'leave it out, one connection carries all calls',
  passthroughClientErrorEvents: 'leave it out, errors reach the caller and the log',
};

/** The names that other libraries, or other levels of node-redis, use. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  tls: 'put tls into socket, beside it',
  keyPrefix: 'set cache.keyPrefix instead',
  retryStrategy: 'leave it out, connections are always made again',
  host: 'write the address into the url',
  port: 'write the address into the url',
  db: 'write the number into the url',
};

const ALL_SENTINELS = 'set it for all Sentinels in sentinel.sentinelClientOptions';
const OF_ALL_SENTINELS = {
  url: 'write host and port',
  ...Object.fromEntries([...OF_CLIENT, 'tls'].map((name) => [name, ALL_SENTINELS])),
};
const A_CLUSTER = 'leave it out, a Cluster has database 0 only';
const FOUND = 'leave it out, the addresses of nodes are found by those of the root nodes';

/** Options of node-redis that would have no effect, at any depth. */
export const unhonouredOptions = (source: RedisSourceOptions, prefix: string): Problem[] => {
  const { clientOptions, cluster, sentinel } = source;
  const inUrl = 'write the address into the url';
  return [
    ...refused(cluster ?? {}, `${prefix}cluster`, OF_CLUSTER, OWN_OF_TOPOLOGY),
    ...refused(sentinel ?? {}, `${prefix}sentinel`, OF_SENTINEL, OWN_OF_TOPOLOGY),
    ...ofClient(clientOptions, `${prefix}clientOptions`, {
      own: { url: 'set url beside clientOptions instead' },
      address: inUrl,
      database: 'write the number into the url: redis://host:6379/3 for database 3',
    }),
    ...ofClient(cluster?.defaults, `${prefix}cluster.defaults`, { address: FOUND, database: A_CLUSTER }),
    ...(cluster?.rootNodes ?? []).flatMap((root, at) =>
      ofClient(root, `${prefix}cluster.rootNodes.${at}`, { also: ['url'], database: A_CLUSTER }),
    ),
    ...ofClient(sentinel?.nodeClientOptions, `${prefix}sentinel.nodeClientOptions`, { address: FOUND }),
    ...ofClient(sentinel?.sentinelClientOptions, `${prefix}sentinel.sentinelClientOptions`, {
      address: 'write it into sentinel.sentinelRootNodes',
      database: 'leave it out, Sentinels have no databases',
    }),
    ...(sentinel?.sentinelRootNodes ?? []).flatMap((root, at) =>
      refused(root, `${prefix}sentinel.sentinelRootNodes.${at}`, ['host', 'port'], {}, OF_ALL_SENTINELS),
    ),
  ];
};

interface Place {
  readonly own?: Readonly<Record<string, string>>;
  readonly also?: readonly string[];
  /** The place for an address, if it has no effect here. */
  readonly address?: string;
  /** The same of the number of a database. */
  readonly database?: string;
}

const ofClient = (options: unknown, path: string, { own, also, address, database }: Place): Problem[] => {
  if (!isObject(options)) return [];
  const { socket } = options;
  const elsewhere = address === undefined ? [] : OF_ADDRESS;
  const hosts = Object.fromEntries(elsewhere.map((name) => [name, address ?? '']));
  const known = [...OF_CLIENT, ...(also ?? [])].filter(
    (name) => database === undefined || name !== 'database',
  );
  return [
    ...refused(options, path, known, { ...OWN, ...own }, database === undefined ? {} : { database }),
    ...(isObject(socket)
      ? refused(socket, `${path}.socket`, without(OF_SOCKET, elsewhere), OWN_OF_SOCKET, hosts)
      : notAnObject(socket, `${path}.socket`)),
  ];
};

const without = (names: readonly string[], others: readonly string[]): readonly string[] =>
  names.filter((name) => !others.includes(name));

const notAnObject = (socket: unknown, path: string): Problem[] =>
  socket === undefined ? [] : [{ path, message: 'must be an object of socket options' }];

const refused = (
  options: object,
  path: string,
  known: readonly string[],
  own: Readonly<Record<string, string>>,
  elsewhere: Readonly<Record<string, string>> = {},
): Problem[] =>
  Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `${path}.${name}`,
      message: why(name, known, own, { ...ELSEWHERE, ...elsewhere }),
    }));

const why = (
  name: string,
  known: readonly string[],
  own: Readonly<Record<string, string>>,
  elsewhere: Readonly<Record<string, string>>,
): string => {
  if (Object.hasOwn(own, name)) return `is the module's own; ${own[name] ?? ''}`;
  if (Object.hasOwn(elsewhere, name)) return `has no effect here; ${elsewhere[name] ?? ''}`;
  const nearest = nearestName(name, known);
  return `is not an option that this module supports${nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`}; leave it out`;
};
