import type { INestApplicationContext } from '@nestjs/common';
import type { CodexRedisSettings } from '../config/settings.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import type { SessionService } from '../session/session.service.js';
import { SESSIONS, SETTINGS } from '../tokens/internal-tokens.js';

/** A stored session with its cookie. */
export interface SessionCookie {
  readonly key: string;
  /** The value of a Cookie header. */
  readonly header: string;
}

/**
 * Stores a session with these entries and returns its Cookie header, for a logged-in request without a login. The entry
 * `userId`, if present, also signs that user in, as `session.signIn(userId)` does.
 *
 * @throws ImproperlyConfiguredError if the application has no sessions.
 */
export const createSessionCookie = async (
  app: INestApplicationContext,
  entries: Readonly<Record<string, unknown>> = {},
): Promise<SessionCookie> => {
  const { session: settings } = app.get<CodexRedisSettings>(SETTINGS, { strict: false });
  if (settings === null)
    throw new ImproperlyConfiguredError(
      'The application has no sessions: give CodexRedisModule.forRoot() session: {}',
    );
  const sessions = app.get<SessionService>(SESSIONS, { strict: false });
  const session = sessions.open();
  session.update(entries);
  const { userId } = entries;
  if (userId !== undefined) await session.signIn(userId as string | number | bigint);
  await sessions.save(session);
  return { key: String(session.key), header: `${settings.cookie.name}=${String(session.key)}` };
};
