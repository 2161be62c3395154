import type { Session } from '../../session/object/session.js';

const sessions = new WeakMap<object, Session>();

/** Lets the handlers of a WebSocket find the session of its handshake. */
export const giveSession = (socket: object, session: Session): void => {
  sessions.set(socket, session);
};

/** The session of a WebSocket's handshake; `undefined` where its gateway uses none. */
export const sessionOfSocket = (socket: object): Session | undefined => sessions.get(socket);
