import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { ErrorReply, type RedisClientType } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { joinWrites } from './join-writes.js';
import { withoutArguments } from './translate-error.js';

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
  let abandon: (reason: Error) => void = ignore;
  const abandoned = new Promise<never>((_, reject) => (abandon = reject));
  const timer = setTimeout(() => abandon(new DialTimeoutError(boundMs)), boundMs);
  const opened = Promise.race([open(template, abort.signal), abandoned])
    .catch((error: unknown) => {
      abort.abort();
      throw error instanceof ErrorReply ? withoutArguments(error) : error;
    })
    .finally(() => clearTimeout(timer));
  return { opened, abandon };
};

/** The signal destroys sockets too: a TCP connect under way outlives the destroy() of node-redis. */
const open = async (template: RedisClientType, signal: AbortSignal): Promise<DialledClient> => {
  const options = { ...(template.options.socket as NetConnectOpts & { readonly tls?: boolean }), signal };
  const underTls = options.tls === true ? await connectSocket(options) : undefined;
  signal.throwIfAborted();
  const client = template.duplicate({
    socket: { ...options, ...(underTls && { socket: underTls }) } as never,
  });
  client.on('error', ignore);
  signal.addEventListener('abort', () => client.destroy(), { once: true });
  const { connecting, seen } = connectClient(client);
  await connecting;
  const socket = underTls ?? seen;
  // what TLS makes of the commands is joined by TLS
  if (underTls === undefined && seen !== undefined) joinWrites(seen);
  return { client, bytesRead: () => socket?.bytesRead ?? 0 };
};

/** TLS is laid over a socket of our own, whose bytes can be counted. */
const connectSocket = async (options: NetConnectOpts): Promise<Socket> => {
  const socket = connect({ noDelay: true, keepAlive: true, ...options });
  socket.on('error', ignore);
  await once(socket, 'connect');
  return socket;
};

const SOCKET_MADE = 'net.client.socket';

/** node-redis does not show the bytes of a reply on its way; Node's own channel shows the socket as it is made. */
const connectClient = (
  client: RedisClientType,
): { readonly connecting: Promise<unknown>; readonly seen: Socket | undefined } => {
  let seen: Socket | undefined;
  const see = (message: unknown): void => {
    seen = (message as { readonly socket: Socket }).socket;
  };
  subscribe(SOCKET_MADE, see);
  const connecting = client.connect();
  unsubscribe(SOCKET_MADE, see);
  return { connecting, seen };
};
