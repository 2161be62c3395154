import { sessionLogger } from '../../common/loggers.js';
import type { SessionState } from './session-state.js';

/**
 * What a session is asked to do. Once the response is on its way nobody may be left to await it, and a habit such as
 * `response.redirect('/'); session.destroy()` must not end the process.
 */
export const attended = (state: SessionState, work: Promise<void>): Promise<void> => {
  if (state.awaitsCommit && state.committed)
    work.catch((error: unknown) =>
      sessionLogger.warn(`A request used its session after its response: ${(error as Error).message}`),
    );
  return work;
};
