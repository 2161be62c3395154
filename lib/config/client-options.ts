import { isObject } from './kinds.js';
import type { Problem } from './option.js';
import type { RedisSourceOptions } from './source-options.js';
import { nearestName } from './unknown-option.js';

/** The module makes its clients recover and settle in time; these would undo it. */
const OWN: Readonly<Record<string, string>> = {
  disableOfflineQueue: 'leave it out, calls always fail at once while Redis is away',
  commandOptions: 'set operationTimeoutMs instead',
  RESP: 'leave it out, it is always 3',
  maintNotifications: 'leave it out, the module finds a failover by itself',
};

const OWN_OF_SOCKET: Readonly<Record<string, string>> = {
  reconnectStrategy: 'leave it out, connections are always made again',
  connectTimeout: 'set connectTimeoutMs instead',
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

const OF_CLIENT = (
  'username password credentialsProvider name database socket commandsQueueMaxLength readonly pingInterval ' +
  'disableClientInfo clientInfoTag'
).split(' ');

const OF_SOCKET = (
  'host port path family hints lookup localAddress localPort noDelay keepAlive keepAliveInitialDelay blockList ' +
  'autoSelectFamily autoSelectFamilyAttemptTimeout allowHalfOpen socketTimeout tls ca cert key pfx passphrase crl ' +
  'servername rejectUnauthorized checkServerIdentity ALPNProtocols ciphers ecdhCurve sigalgs minVersion maxVersion ' +
  'secureContext secureOptions secureProtocol session minDHSize dhparam honorCipherOrder enableTrace requestOCSP ' +
  'pskCallback highWaterMark clientCertEngine privateKeyEngine privateKeyIdentifier sessionIdContext sessionTimeout ' +
  'ticketKeys allowPartialTrustChain'
).split(' ');

/** Options of node-redis that would be taken and have no effect, at every depth. */
export const unhonouredOptions = (source: RedisSourceOptions, prefix: string): Problem[] => {
  const { clientOptions, cluster, sentinel } = source;
  return [
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
