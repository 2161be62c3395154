import type { IncomingMessage } from 'node:http';

interface WithSession extends IncomingMessage {
  session?: unknown;
  sessionStore?: unknown;
}

export type SessionMiddleware = (
  request: WithSession,
  response: unknown,
  next: (error?: unknown) => void,
) => void;

/** What express-session does with a request, in a folder of its name. */
export const expressSession = (): SessionMiddleware =>
  function session(request, _response, next) {
    if (request.session) {
      next();
      return;
    }
    request.sessionStore = {};
    request.session = { cookie: {} };
    next();
  };
