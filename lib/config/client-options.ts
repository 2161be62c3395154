import { OF_CLIENT, OF_CLUSTER, OF_SENTINEL, OF_SOCKET } from './connection-options.js';
import { isObject } from './kinds.js';
import type { Problem } from './option.js';
import type { RedisSourceOptions } from './source-options.js';
import { nearestName } from './unknown-option.js';

/** The module makes its clients recover and settle in time; these would undo it. */
const OWN: Readonly<Record<string, string>> = {
  disableOfflineQueue: 'leave it out, calls always fail at once while Redis is down',
  commandOptions: 'set operationTimeoutMs instead',
  RESP: 'leave it out, it is always 3',
  maintNotifications: 'leave it out, the module finds a failover by itself',
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

/** What other libraries, or other depths of the same, call it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  tls: 'put tls into socket, beside it',
  keyPrefix: 'set cache.keyPrefix instead',
  retryStrategy: 'leave it out, connections are always made again',
  host: 'write the address into the url',
  port: 'write the address into the url',
  db: 'write the number into the url',
};

/** Options of node-redis that would be taken and have no effect, at every depth. */
export const unhonouredOptions = (source: RedisSourceOptions, prefix: string): Problem[] => {
  const { clientOptions, cluster, sentinel } = source;
  return [
    ...refused(cluster ?? {}, `${prefix}cluster`, OF_CLUSTER, OWN_OF_TOPOLOGY),
    ...refused(sentinel ?? {}, `${prefix}sentinel`, OF_SENTINEL, OWN_OF_TOPOLOGY),
    ...ofClient(clientOptions, `${prefix}clientOptions`, { url: 'set url beside clientOptions instead' }),
    ...ofClient(cluster?.defaults, `${prefix}cluster.defaults`),
    ...(cluster?.rootNodes ?? []).flatMap((root, at) =>
      ofClient(root, `${prefix}cluster.rootNodes.${at}`, {}, ['url']),
    ),
    ...ofClient(sentinel?.nodeClientOptions, `${prefix}sentinel.nodeClientOptions`),
    ...ofClient(sentinel?.sentinelClientOptions, `${prefix}sentinel.sentinelClientOptions`),
  ];
};

const ofClient = (
  options: unknown,
  path: string,
  own: Readonly<Record<string, string>> = {},
  also: readonly string[] = [],
): Problem[] => {
  if (!isObject(options)) return [];
  return [
    ...refused(options, path, [...OF_CLIENT, ...also], { ...OWN, ...own }),
    ...(isObject(options['socket'])
      ? refused(options['socket'], `${path}.socket`, OF_SOCKET, OWN_OF_SOCKET)
      : []),
  ];
};

const refused = (
  options: object,
  path: string,
  known: readonly string[],
  own: Readonly<Record<string, string>>,
): Problem[] =>
  Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: `${path}.${name}`, message: why(name, known, own) }));

const why = (name: string, known: readonly string[], own: Readonly<Record<string, string>>): string => {
  if (Object.hasOwn(own, name)) return `is the module's own; ${own[name] ?? ''}`;
  if (Object.hasOwn(ELSEWHERE, name)) return `has no effect here; ${ELSEWHERE[name] ?? ''}`;
  const nearest = nearestName(name, known);
  return `is no option that this module honours${nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`}; leave it out`;
};
