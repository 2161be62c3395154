import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { ErrorReply, type RedisClientType } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { within } from '../../../common/within.js';
import { joinWrites } from './join-writes.js';
import { withoutArguments } from './translate-error.js';

export interface DialledClient {
  /** Connected; its socket does not keep the process alive until `ref()`. */
  readonly client: RedisClientType;
  /** Undefined where node-redis has not shown it. */
  readonly socket: Socket | undefined;
}

/** Connects once. Rejects with node-redis' error or the reason of the signal, which has no effect once connected. */
export type Dial = (signal: AbortSignal) => Promise<DialledClient>;

/** Raised when no connection was made in time. */
export class DialTimeoutError extends Error {
  constructor(readonly ms: number) {
    super(`No connection within ${ms} ms`);
  }
}

/**
 * Connects a fresh duplicate of `template` within `boundMs`. node-redis' own connectTimeout ends with the TCP or
 * TLS handshake, so a server that accepts and then stays silent would hang forever.
 *
 * @param verify what else must succeed before the connection counts as made
 */
export const dial =
  (
    template: RedisClientType,
    boundMs: number,
    verify: (client: RedisClientType) => Promise<void> = () => Promise.resolve(),
  ): Dial =>
  async (signal) => {
    try {
      return await within(
        boundMs,
        (bounded) => open(template, bounded, verify),
        () => new DialTimeoutError(boundMs),
        { signal, ref: false },
      );
    } catch (error) {
      throw error instanceof ErrorReply ? withoutArguments(error) : error;
    }
  };

type SocketOptions = NetConnectOpts & {
  readonly tls?: boolean;
  readonly host?: string;
  readonly servername?: string;
};

/** Over a socket that is connected already, Node names no server, and a front for several could not choose. */
const withServerName = (options: SocketOptions): SocketOptions => {
  const { tls, host = 'localhost', servername = host } = options;
  return tls === true && isIP(servername) === 0 ? { ...options, servername } : options;
};

/** The signal destroys sockets too: a TCP connect in progress outlives the destroy() of node-redis. */
const open = async (
  template: RedisClientType,
  signal: AbortSignal,
  verify: (client: RedisClientType) => Promise<void>,
): Promise<DialledClient> => {
  const options = { ...withServerName(template.options.socket as SocketOptions), signal };
  const underTls = options.tls === true ? await connectSocket(options) : undefined;
  signal.throwIfAborted();
  const client = template.duplicate({
    socket: { ...options, ...(underTls && { socket: underTls }) } as never,
  });
  client.on('error', ignore);
  client.unref();
  const destroy = (): void => client.destroy();
  signal.addEventListener('abort', destroy, { once: true });
  const { connecting, seen } = connectClient(client);
  try {
    await connecting;
    await verify(client);
  } catch (error) {
    client.destroy();
    throw error;
  }
  // TLS joins the bytes that it makes of the commands by itself
  if (underTls === undefined && seen !== undefined) joinWrites(seen);
  return { client, socket: underTls ?? seen };
};

/** TLS runs on a socket of our own, whose bytes can be counted. */
const connectSocket = async (options: NetConnectOpts): Promise<Socket> => {
  const socket = connect({ noDelay: true, keepAlive: true, ...options });
  socket.unref();
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
