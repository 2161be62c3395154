import { SessionStateError } from '../../errors/session.errors.js';

/** @param why the request that has the session knows more */
export const notLoaded = (
  why = 'The session has not been loaded: await SessionService.ensureLoaded(session) first',
): SessionStateError => new SessionStateError(why);

export const alreadyReplaced = (): SessionStateError =>
  new SessionStateError(
    'session.regenerate() gave the request a new session, and this object is the one before: it can be read, and a change ' +
      'of it would be lost. Use request.session, which is the new one',
  );

export const readOnly = (): SessionStateError =>
  new SessionStateError(
    'The session of a WebSocket is read-only: no response follows its handshake that could save it or carry a cookie. Change ' +
      'it in a request over HTTP, or load it with SessionService.load(session.key), change that and save it',
  );

export const alreadyCommitted = (): SessionStateError =>
  new SessionStateError(
    'The session was already committed with the response, this change would be lost. Change it before the ' +
      'response begins, or load it again with SessionService.load() and save it there',
  );
