import { ErrorReply } from 'redis';
import { CodexRedisError } from '../../../errors/codex-redis.error.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../../errors/redis.errors.js';
import { DialTimeoutError } from './dial.js';
import { replyCode } from './translate-error.js';

/** Why the module could not start on the Redis at `address`, and what to do. The one place that names a host. */
export const startError = (error: unknown, address: string): Error => {
  if (error instanceof CodexRedisError) return error;
  if (error instanceof ErrorReply) return refusal(error, address);
  return new RedisConnectionError(`Redis at ${address} is not reachable (${reason(error)}); ${cure(error)}`, {
    cause: error,
  });
};

const refusal = (error: ErrorReply, address: string): Error => {
  const code = replyCode(error);
  if (code === 'WRONGPASS' || code === 'NOAUTH' || code === 'NOPERM')
    return new ImproperlyConfiguredError(
      `Redis at ${address} refused the credentials (${code}); check the user and password of the url or clientOptions`,
      { cause: error },
    );
  if (error.message.includes('DB index'))
    return new ImproperlyConfiguredError(
      `Redis at ${address} has no database of this number; check the path of the url, or \`databases\` in redis.conf`,
      { cause: error },
    );
  if (error.message.includes('unknown command'))
    return new ImproperlyConfiguredError(
      `Redis at ${address} is too old: 7.0 or newer (or Valkey) is needed`,
      {
        cause: error,
      },
    );
  return new RedisConnectionError(`Redis at ${address} refused the connection: ${error.message}`, {
    cause: error,
  });
};

const reason = (error: unknown): string => {
  if (error instanceof DialTimeoutError) return `no answer within ${error.ms} ms`;
  const { errors, code, message } = Object(error) as Partial<AggregateError & NodeJS.ErrnoException>;
  if (errors !== undefined && errors.length > 0) return [...new Set(errors.map(reason))].join(', ');
  return code ?? message ?? 'unknown reason';
};

const cure = (error: unknown): string =>
  /CERT|TLS|SSL|ALTNAME/.test(String((Object(error) as NodeJS.ErrnoException).code))
    ? 'check the certificate authority and the host name in clientOptions.socket, and that the port speaks TLS'
    : 'check the url (rediss: needs a port that speaks TLS), that the server runs, and firewalls between';
