import { createClient, type RedisClientOptions, type RedisClientType } from 'redis';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';

/**
 * A client that is never connected: fresh ones are duplicates of it. Reconnecting the same object leaves orphans,
 * and creating one anew costs a thousand times a duplicate.
 *
 * @throws ImproperlyConfiguredError for a url that cannot be read
 */
export const clientTemplate = (
  url: string,
  clientOptions: RedisClientOptions,
  connectTimeoutMs: number,
): RedisClientType => {
  try {
    return createClient({
      ...clientOptions,
      url,
      RESP: 3,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      commandOptions: { timeout: 0 },
      socket: {
        ...clientOptions.socket,
        connectTimeout: connectTimeoutMs,
        reconnectStrategy: false,
      } as NonNullable<RedisClientOptions['socket']>,
    });
  } catch {
    // No cause: the errors of the url parser quote the url, password included.
    throw new ImproperlyConfiguredError(
      'url: not a Redis url node-redis can use (or clientOptions contradict it); ' +
        'write redis://user:password@host:6379/0, rediss://… or unix:///path/to.sock?db=0, ' +
        'with special characters of the password percent-encoded',
    );
  }
};

/** Where a client goes, for messages at start: never the user or the password. */
export const addressOf = (template: RedisClientType): string => {
  const socket = template.options.socket as
    { readonly path?: string; readonly host?: string; readonly port?: number } | undefined;
  return socket?.path ?? `${socket?.host ?? 'localhost'}:${socket?.port ?? 6379}`;
};
