import { ErrorReply } from 'redis';
import { CodexRedisError } from '../../errors/codex-redis.error.js';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../errors/redis.errors.js';
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
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reason))].join(', ');
  if (!(error instanceof Error)) return 'unknown reason';
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
};

const cure = (error: unknown): string =>
  error instanceof Error && isAboutTls(error)
    ? 'check the certificate authority and the host name in clientOptions.socket, and that the port speaks TLS'
    : 'check the url, that the server runs, and firewalls between';

const isAboutTls = (error: Error): boolean =>
  /CERT|TLS|SSL|ALTNAME/.test(String((error as NodeJS.ErrnoException).code));
