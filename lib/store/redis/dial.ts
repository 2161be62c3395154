import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Socket } from 'node:net';
import { type RedisClientType } from 'redis';

export interface DialledClient {
  readonly client: RedisClientType;
  /** Bytes received so far. */
  readonly bytesRead: () => number;
}

/** A client on its way to being connected. */
export interface Dial {
  /** Rejects with node-redis' error, or the reason it was abandoned for. */
  readonly opened: Promise<DialledClient>;
  /** Gives up and releases everything. Without effect once opened. */
  abandon(reason: Error): void;
}

/** Raised when no connection was made in time. */
export class DialTimeoutError extends Error {
  constructor(readonly ms: number) {
    super(`No connection within ${ms} ms`);
  }
}

/**
 * Connects a fresh duplicate of `template` within `boundMs`. node-redis' own connectTimeout ends with the TCP or
 * TLS handshake, so a server that accepts and then stays silent would hang for ever.
 */
export const dial = (template: RedisClientType, boundMs: number): Dial => {
  const abort = new AbortController();
  const client = template.duplicate({
    // Without the signal a TCP connect under way outlives destroy().
    socket: { ...template.options.socket, signal: abort.signal } as never,
  });
  client.on('error', ignore);
  let abandon: (reason: Error) => void = ignore;
  const abandoned = new Promise<never>((_, reject) => (abandon = reject));
  const timer = setTimeout(() => abandon(new DialTimeoutError(boundMs)), boundMs);
  const { connecting, bytesRead } = connect(client);
  const opened = Promise.race([connecting, abandoned])
    .then(
      () => ({ client, bytesRead }),
      (error: unknown) => {
        client.destroy();
        abort.abort();
        throw error;
      },
    )
    .finally(() => clearTimeout(timer));
  return { opened, abandon };
};

const ignore = (): void => undefined;

const SOCKET_MADE = 'net.client.socket';

/** node-redis does not show the bytes of a reply on its way; Node's own channel shows the socket as it is made. */
const connect = (
  client: RedisClientType,
): { readonly connecting: Promise<unknown>; readonly bytesRead: () => number } => {
  let socket: Socket | undefined;
  const see = (message: unknown): void => {
    socket = (message as { readonly socket: Socket }).socket;
  };
  subscribe(SOCKET_MADE, see);
  const connecting = client.connect();
  unsubscribe(SOCKET_MADE, see);
  return { connecting, bytesRead: () => socket?.bytesRead ?? 0 };
};
