import { SessionStateError } from '../../errors/session.errors.js';

export const notLoaded = (): SessionStateError =>
  new SessionStateError(
    "The session has not been loaded: session.load is 'declared' and the handler does not ask for it with @Session() " +
      'or @UseSession(), or no guard has run, as before middleware and for the exception filter of an unmatched ' +
      'route. Apply the middleware loadSession, or await SessionService.ensureLoaded(session) first',
  );

export const alreadyCommitted = (): SessionStateError =>
  new SessionStateError(
    'The session was already committed with the response, this change would be lost. Change it before the ' +
      'response begins, or load it again with SessionService.load() and save it there',
  );
