import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { lacking, missingPermission } from './missing-permission.js';
import { replyIn } from './reply-in.js';
import { replyCode } from './translate-error.js';

export interface AccessedServer {
  /** Begins a sentence: `Redis at host:port`. */
  readonly name: string;
  /** The options to check where the credentials are wrong: `the user and password of the url`. */
  readonly credentials: string;
}

const WRONG_CREDENTIALS = ['WRONGPASS', 'NOAUTH'];

/** The error where a server turns its user away, which does not pass by itself: why, and the fix. Else undefined. */
export const accessError = (
  error: unknown,
  { name, credentials }: AccessedServer,
): ImproperlyConfiguredError | undefined => {
  const reply = replyIn(error);
  if (reply === undefined) return undefined;
  const code = replyCode(reply);
  if (WRONG_CREDENTIALS.includes(code))
    return new ImproperlyConfiguredError(`${name} refused the credentials (${code}); check ${credentials}`, {
      cause: reply,
    });
  const permission = missingPermission(reply.message);
  return permission === undefined
    ? undefined
    : new ImproperlyConfiguredError(`${name} refused a command: ${lacking(permission)}`, { cause: reply });
};
