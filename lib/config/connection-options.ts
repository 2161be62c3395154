import type { RedisClientOptions, RedisClusterOptions, RedisSentinelOptions } from 'redis';

type SocketOptions = NonNullable<RedisClientOptions['socket']>;
type PickOfEach<T, Key extends PropertyKey> = T extends unknown ? Pick<T, Extract<keyof T, Key>> : never;

/** The options of a node-redis client that this module accepts. */
export const OF_CLIENT = [
  ...(['username', 'password', 'credentialsProvider', 'name', 'database', 'socket'] as const),
  ...(['commandsQueueMaxLength', 'pingInterval', 'disableClientInfo', 'clientInfoTag'] as const),
] satisfies readonly (keyof RedisClientOptions)[];

/** The same of a socket: Node's own, and those of TLS. The types of older versions of Node do not know all of them. */
export const OF_SOCKET = [
  ...(['host', 'port', 'path', 'family', 'hints', 'lookup', 'localAddress', 'localPort', 'noDelay'] as const),
  ...(['keepAlive', 'keepAliveInitialDelay', 'blockList', 'autoSelectFamily', 'allowHalfOpen'] as const),
  ...(['autoSelectFamilyAttemptTimeout', 'socketTimeout', 'tls', 'ca', 'cert', 'key', 'pfx', 'crl'] as const),
  ...(['passphrase', 'servername', 'rejectUnauthorized', 'checkServerIdentity', 'ALPNProtocols'] as const),
  ...(['ciphers', 'ecdhCurve', 'sigalgs', 'minVersion', 'maxVersion', 'secureContext', 'dhparam'] as const),
  ...([
    'secureOptions',
    'secureProtocol',
    'session',
    'minDHSize',
    'honorCipherOrder',
    'requestOCSP',
  ] as const),
  ...(['enableTrace', 'pskCallback', 'highWaterMark', 'clientCertEngine', 'privateKeyEngine'] as const),
  ...(['privateKeyIdentifier', 'sessionIdContext', 'sessionTimeout', 'ticketKeys'] as const),
  ...(['allowPartialTrustChain'] as const),
];

/** The same of a Cluster. */
export const OF_CLUSTER = [
  ...(['rootNodes', 'defaults', 'useReplicas', 'minimizeConnections'] as const),
  ...(['maxCommandRedirections', 'nodeAddressMap'] as const),
] satisfies readonly (keyof RedisClusterOptions)[];

/** The same of a master behind Sentinels. */
export const OF_SENTINEL = [
  ...(['name', 'sentinelRootNodes', 'nodeClientOptions', 'sentinelClientOptions'] as const),
  ...(['replicaPoolSize', 'nodeAddressMap'] as const),
] satisfies readonly (keyof RedisSentinelOptions)[];

type OfClient = (typeof OF_CLIENT)[number];
type OfSocket = (typeof OF_SOCKET)[number];

/** The address of a server. Nodes and Sentinels that are found have their own. */
export const OF_ADDRESS = ['host', 'port', 'path'] as const satisfies readonly OfSocket[];

type OfAddress = (typeof OF_ADDRESS)[number];

/** Options of node-redis’ `createClient()` beside a url. */
export interface ClientOptions extends Pick<RedisClientOptions, Exclude<OfClient, 'socket' | 'database'>> {
  socket?: PickOfEach<SocketOptions, Exclude<OfSocket, OfAddress>>;
}

interface RootNodeOptions extends Omit<ClientOptions, 'socket'> {
  /** `redis:`, `rediss:`, `valkey:` or `valkeys:`. */
  url?: string;
  socket?: PickOfEach<SocketOptions, OfSocket>;
}

interface MasterOptions extends ClientOptions {
  database?: number;
}

/** Options of node-redis’ `createCluster()`. */
export interface ClusterOptions extends Pick<
  RedisClusterOptions,
  Exclude<(typeof OF_CLUSTER)[number], 'rootNodes' | 'defaults'>
> {
  rootNodes: RootNodeOptions[];
  defaults?: ClientOptions;
}

/** Options of node-redis’ `createSentinel()`. */
export interface SentinelOptions extends Pick<
  RedisSentinelOptions,
  Exclude<(typeof OF_SENTINEL)[number], 'nodeClientOptions' | 'sentinelClientOptions'>
> {
  nodeClientOptions?: MasterOptions;
  sentinelClientOptions?: ClientOptions;
}
