import { ErrorReply } from 'redis';
import { CodexRedisError } from '../../../errors/codex-redis.error.js';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisUnavailableError,
} from '../../../errors/redis.errors.js';
import { lacking, missingPermission } from './missing-permission.js';

/** The replies that mean "not now": the server is there, and another time it would have done what it was asked. */
export const NOT_NOW: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNBLOCKED',
]);

/** The first word of an error reply of Redis: `WRONGTYPE`, `NOSCRIPT`, `OOM` … */
export const replyCode = (error: ErrorReply): string => /^[A-Z][A-Z0-9_]*/.exec(error.message)?.[0] ?? 'ERR';

/** A server quotes the arguments of a command it does not know: keys and values, and the password after HELLO. */
export const withoutArguments = (error: ErrorReply): ErrorReply => {
  const message = error.message.replace(/(?<=unknown command [^\s,]+)[\s,].*$/is, '');
  return message === error.message ? error : new ErrorReply(message);
};

/** The error for an error reply with this code. */
export const refusedWith = (code: string, cause?: unknown): RedisServiceError =>
  NOT_NOW.has(code) ? new RedisUnavailableError(code, { cause }) : new RedisServiceError(code, { cause });

/** The error for a reply that denies the user a command, as one inside of `script`, naming what its ACL lacks. Else undefined. */
export const deniedIn = (reply: ErrorReply, script?: string): RedisServiceError | undefined => {
  const permission = missingPermission(reply.message, script);
  return permission === undefined
    ? undefined
    : new RedisServiceError('NOPERM', { cause: reply }, `Redis refused the command: ${lacking(permission)}`);
};

/**
 * The one place where node-redis' errors become this module's. A TypeError (an argument that cannot be sent) and
 * what is this module's already pass through; what is neither that nor a reply is the connection's.
 */
export const translateError = (error: unknown): Error => {
  if (error instanceof CodexRedisError || error instanceof TypeError) return error;
  if (error instanceof ErrorReply)
    return deniedIn(error) ?? refusedWith(replyCode(error), withoutArguments(error));
  return new RedisConnectionError(undefined, { cause: error });
};
