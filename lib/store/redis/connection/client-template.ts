import { createClient, type RedisClientOptions, type RedisClientType } from 'redis';
import type { NodeRedisClient } from '../../../config/source-options.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import type { NodeAddress } from './node-address.js';

type Socket = NonNullable<RedisClientOptions['socket']>;

let bare: RedisClientType | undefined;

/** A client without any options of the user's: node-redis takes some 40 ms to create one, and no time for a duplicate. */
const bareClient = (): RedisClientType => (bare ??= createClient(ownOptions(undefined)) as RedisClientType);

/**
 * A client that is never connected: fresh ones are duplicates of it. Reconnecting the same object leaves orphans.
 * Commands, deadlines and reconnecting are this module's.
 *
 * @param path the option it comes from, for the message
 * @throws ImproperlyConfiguredError for options node-redis refuses, such as a url that cannot be read
 */
export const clientTemplate = (options: RedisClientOptions, path: string): RedisClientType => {
  try {
    return bareClient().duplicate({
      ...options,
      ...(options.url !== undefined && { url: asRedisUrl(options.url) }),
      ...ownOptions(options.socket),
    }) as never;
  } catch {
    // No cause: the errors of the url parser quote the url, password included.
    throw new ImproperlyConfiguredError(
      path === 'url'
        ? 'url: not a Redis url node-redis can use (or clientOptions contradict it); ' +
            'write redis://user:password@host:6379/0, rediss://… or unix:///path/to.sock?db=0, ' +
            'with special characters of the password percent-encoded'
        : `${path}: not options node-redis can use; write a url as redis://user:password@host:6379, with special ` +
            'characters of the password percent-encoded',
    );
  }
};

/**
 * As `clientTemplate`, of a client that somebody else has made.
 *
 * @throws TypeError for one that only looks like a client of node-redis
 */
export const templateLike = (client: NodeRedisClient): RedisClientType => {
  if (client.duplicate === undefined)
    throw new TypeError('client: has no duplicate(), which subscribing needs');
  const { socket } = (client as { readonly options?: { readonly socket?: Socket } }).options ?? {};
  return client.duplicate(ownOptions(socket)) as never;
};

const ownOptions = (socket: Socket | undefined) =>
  ({
    RESP: 3,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
    // its own timeout takes a blocked event loop for a silent server
    socket: { ...socket, connectTimeout: 0, reconnectStrategy: false } as Socket,
  }) as const;

/** Valkey speaks the protocol of Redis, whose names for it are the only ones that node-redis knows. */
const asRedisUrl = (url: string): string => url.replace(/^valkey(s?):/, 'redis$1:');

/** The same client, going elsewhere. */
export const templateFor = (template: RedisClientType, { host, port }: NodeAddress): RedisClientType =>
  template.duplicate({ socket: { ...template.options.socket, host, port } as Socket });

/** The address of a client, for messages at start: never the user or the password. */
export const addressOf = (template: RedisClientType): string => {
  const socket = template.options.socket as
    { readonly path?: string; readonly host?: string; readonly port?: number } | undefined;
  return socket?.path ?? `${socket?.host ?? 'localhost'}:${socket?.port ?? 6379}`;
};
