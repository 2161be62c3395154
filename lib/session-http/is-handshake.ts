import type { IncomingMessage } from 'node:http';

/**
 * True if a request opens a WebSocket: no response of its application follows that could carry a cookie. Node notes in
 * `upgrade` whether a listener of the server's `upgrade` event has the request; the stand-ins for requests in tests
 * have no such property.
 */
export const isHandshake = ({
  headers,
  upgrade,
}: Pick<IncomingMessage, 'headers'> & { readonly upgrade?: unknown }): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket' && upgrade !== false;
