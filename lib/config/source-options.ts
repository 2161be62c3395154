import type { ClientOptions, ClusterOptions, SentinelOptions } from './connection-options.js';
import { isObject, kind } from './kinds.js';
import { option, type OptionsOf } from './option.js';

/**
 * Your own connected node-redis client. Only these members are used; any `createClient()` fits.
 */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  sendCommand(
    args: string[],
    options?: { readonly typeMapping?: object; readonly abortSignal?: AbortSignal },
  ): Promise<unknown>;
  /** Used for `session.broadcastEvents` only: what listens needs a connection of its own. */
  duplicate?(overrides?: object): unknown;
}

const isRedisUrl = (value: unknown): boolean => {
  if (typeof value !== 'string' || strayCharacter(value) !== undefined) return false;
  if (value === 'memory:' || value.startsWith('unix://')) return true;
  if (!/^(?:redis|valkey)s?:\/\/[^?#]+$/.test(value) || !URL.canParse(value)) return false;
  const { hostname, pathname } = new URL(value);
  return hostname !== '' && /^(\/\d*)?$/.test(pathname);
};

/** Characters that a shell, an env file or a copied line can leave in a url, and how to remove them. */
const STRAY: readonly (readonly [RegExp, string])[] = [
  [/[\r\n]/, 'must not contain a line end; remove it (a file that holds the url may end with one)'],
  [
    /["'`]/,
    'must not contain quotes; remove quotes around the url, and write %22 and %27 for quotes in a password',
  ],
  [/\s/, 'must not contain a space; remove it, and write %20 for a space in a password'],
];

/** The end of a message about an invalid character in a url; `undefined` if there is none. */
export const strayCharacter = (url: string): string | undefined =>
  STRAY.find(([pattern]) => pattern.test(url))?.[1];

/** The clients of a cluster and of Sentinels take further arguments before the command. */
const isClient = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['isOpen'] === 'boolean' &&
  typeof value['isReady'] === 'boolean' &&
  typeof value['sendCommand'] === 'function' &&
  value['sendCommand'].length <= 2;

const areObjects = (value: unknown): boolean => Array.isArray(value) && value.every(isObject);

export const redisUrl = () => ({
  ...kind<string>(
    'redis://host:port/3 for database 3 (no ?db=), rediss://…, valkey://…, unix:///path?db=2 or memory: ' +
      '(percent-encode a password, ? and # too; the value is not shown here)',
    isRedisUrl,
  ),
  why: (value: unknown) => (typeof value === 'string' ? strayCharacter(value) : undefined),
});

/** The options that choose a Redis. */
export const sourceOptions = {
  /**
   * The address of Redis: `redis:`, `rediss:`, `valkey:`, `valkeys:`, `unix:///path?db=2`, or `memory:` for the embedded
   * store.
   */
  url: option(redisUrl()),
  /** The Redis Cluster to use instead of `url`: options of node-redis' `createCluster`. */
  cluster: option(
    kind<ClusterOptions>(
      'an object of options for createCluster() of node-redis, with rootNodes: [{ url }, …]',
      (value) => isObject(value) && areObjects(value['rootNodes']),
    ),
  ),
  /** The master behind Redis Sentinels to use instead of `url`: options of node-redis' `createSentinel`. */
  sentinel: option(
    kind<SentinelOptions>(
      'an object of options for createSentinel() of node-redis, with name and sentinelRootNodes: [{ host, port }, …]',
      (value) =>
        isObject(value) && typeof value['name'] === 'string' && areObjects(value['sentinelRootNodes']),
    ),
  ),
  /** Your own connected node-redis client to use instead of `url`. The module never configures or closes it. */
  client: option(
    kind<NodeRedisClient>(
      'a client made by createClient() of node-redis (no pool; for others give options as `cluster` or `sentinel`)',
      isClient,
    ),
  ),
  /** Options of node-redis for `url`, such as TLS, ACL user and client name. They apply to no other Redis. */
  clientOptions: option(
    kind<ClientOptions>('an object of options for createClient() of node-redis', isObject),
  ),
};

/**
 * The Redis to use; at most one of `url`, `cluster`, `sentinel` and `client`. Sessions and further caches without any
 * of them use the one of the module.
 */
export interface RedisSourceOptions extends OptionsOf<typeof sourceOptions> {}
