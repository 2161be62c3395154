import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Handshake, type HandshakeTools } from './handshake.js';

/** A WebSocket of ws, as far as it is used. */
interface WsSocket {
  close(code: number, reason: string): void;
  removeAllListeners(event: 'message'): unknown;
}

type OnOpen = (socket: WsSocket, request: IncomingMessage) => void;

/** A WebSocketServer of ws, as far as it is used. */
export interface WsServer {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, onOpen: OnOpen): void;
}

/** The code of RFC 6455 for what is against a policy. */
const POLICY_VIOLATION = 1008;

/** A connection is accepted once its session is loaded; one that is refused gets an answer of HTTP. */
export const loadOnWs = (server: WsServer, tools: HandshakeTools): void => {
  const accept = server.handleUpgrade.bind(server);
  server.handleUpgrade = (request, socket, head, onOpen) => {
    // Node has left the socket to the listeners of `upgrade`: without a listener its failure ends the process
    const destroy = (): void => void socket.destroy();
    socket.on('error', destroy);
    Handshake.begin(request, tools).then(
      (handshake) => {
        if (socket.destroyed || handshake.hasEnded) {
          handshake.end();
          refuse(socket, '401 Unauthorized');
          return;
        }
        socket.once('close', () => handshake.end());
        socket.off('error', destroy);
        accept(request, socket, head, (client, accepted) => {
          handshake.give(client);
          onOpen(client, accepted);
          handshake.closeAtEnd(() => close(client));
        });
      },
      () => refuse(socket, '503 Service Unavailable'),
    );
  };
};

/** Until its client agrees to be closed it may go on sending, and nothing of that is to be handled. */
const close = (client: WsSocket): void => {
  client.removeAllListeners('message');
  client.close(POLICY_VIOLATION, 'The session has ended');
};

const refuse = (socket: Duplex, status: string): void => {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};
