import { createClient, type RedisClientOptions, type RedisClientType } from 'redis';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import type { NodeAddress } from './node-address.js';

type Socket = NonNullable<RedisClientOptions['socket']>;

/**
 * A client that is never connected: the connections to one of several servers are duplicates of it. Commands,
 * deadlines and reconnecting are this module's.
 *
 * @param path the option it comes from, for the message
 * @throws ImproperlyConfiguredError for options node-redis refuses
 */
export const serverTemplate = (
  options: RedisClientOptions,
  connectTimeoutMs: number,
  path: string,
): RedisClientType => {
  try {
    return createClient({
      ...options,
      RESP: 3,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      commandOptions: { timeout: 0 },
      socket: { ...options.socket, connectTimeout: connectTimeoutMs, reconnectStrategy: false } as Socket,
    });
  } catch {
    // No cause: the errors of the url parser quote the url, password included.
    throw new ImproperlyConfiguredError(
      `${path}: not options node-redis can use; write a url as redis://user:password@host:6379, with special ` +
        'characters of the password percent-encoded',
    );
  }
};

/** The same client, going elsewhere. */
export const templateFor = (template: RedisClientType, { host, port }: NodeAddress): RedisClientType =>
  template.duplicate({ socket: { ...template.options.socket, host, port } as Socket });
