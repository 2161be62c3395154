import type { IncomingMessage } from 'node:http';
import { Handshake, type HandshakeTools } from './handshake.js';

/** A Socket of socket.io, as far as it is used. */
interface SocketIoSocket {
  readonly request: IncomingMessage;
  readonly connected: boolean;
  readonly conn: { once(event: 'close', listener: () => void): unknown; close(): unknown };
  once(event: 'disconnect', listener: () => void): unknown;
  disconnect(close: true): unknown;
}

/** A Server or a Namespace of socket.io, as far as it is used. */
export interface SocketIoServer {
  use(middleware: (socket: SocketIoSocket, next: (error?: Error) => void) => void): unknown;
}

/** A connection that is refused says so to its client with `connect_error`. */
export const loadOnSocketIo = (server: SocketIoServer, tools: HandshakeTools): void => {
  server.use((socket, next) => {
    Handshake.begin(socket.request, tools).then(
      (handshake) => {
        const end = (): void => handshake.end();
        socket.conn.once('close', end);
        socket.once('disconnect', end);
        if (handshake.hasEnded) {
          next(new Error('The session has ended'));
          return;
        }
        handshake.give(socket);
        handshake.closeAtEnd(() => (socket.connected ? socket.disconnect(true) : socket.conn.close()));
        next();
      },
      () => next(new Error('Service Unavailable')),
    );
  });
};
