import { SessionStateError } from '../../errors/session.errors.js';

/** @param why the request that has the session knows more */
export const notLoaded = (
  why = 'The session has not been loaded: await SessionService.ensureLoaded(session) first',
): SessionStateError => new SessionStateError(why);

export const alreadyCommitted = (): SessionStateError =>
  new SessionStateError(
    'The session was already committed with the response, this change would be lost. Change it before the ' +
      'response begins, or load it again with SessionService.load() and save it there',
  );
