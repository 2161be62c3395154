import { ErrorReply } from 'redis';
import { CodexRedisError } from '../../../errors/codex-redis.error.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisConnectionError, RedisUnavailableError } from '../../../errors/redis.errors.js';
import { accessError } from './access-error.js';
import { DialTimeoutError } from './dial.js';
import { translateError } from './translate-error.js';
import { ReplicaError, WrongModeError } from './verify-primary.js';

/** The error where the Redis at `address`, which the url names, turns its user away. Else undefined. */
export const urlAccessError = (error: unknown, address: string): ImproperlyConfiguredError | undefined =>
  accessError(error, {
    name: `Redis at ${address}`,
    credentials: 'the user and password of the url or clientOptions',
  });

/** The error that says why the module could not start on the Redis at `address`, and the fix. */
export const startError = (error: unknown, address: string): Error => {
  if (error instanceof RedisUnavailableError) return notYet(error, address);
  if (error instanceof CodexRedisError) return error;
  if (error instanceof ErrorReply) return refusal(error, address);
  if (error instanceof WrongModeError) return wrongMode(error, address);
  if (error instanceof ReplicaError)
    return new ImproperlyConfiguredError(
      `Redis at ${address} is a replica, which accepts no writes; give the address of its primary, or the ` +
        'addresses of the Sentinels as `sentinel`',
      { cause: error },
    );
  return new RedisConnectionError(`Redis at ${address} is not reachable (${reason(error)}); ${fix(error)}`, {
    cause: error,
  });
};

/** True if the same start may succeed a moment later: the server may be about to listen, or to be promoted. */
export const mayPass = (error: unknown): boolean => {
  if (error instanceof AggregateError) return error.errors.every(mayPass);
  if (error instanceof ErrorReply) return translateError(error) instanceof RedisUnavailableError;
  if (error instanceof RedisUnavailableError) return true;
  if (error instanceof RedisConnectionError) return error.cause === undefined || mayPass(error.cause);
  return !(error instanceof CodexRedisError || error instanceof WrongModeError || isAboutTls(error));
};

/** One error in place of several that are alike, as those by TLS: it says what to do. */
export const inCommon = (error: unknown): unknown => {
  if (!(error instanceof AggregateError)) return error;
  const codes = new Set(error.errors.map((each: NodeJS.ErrnoException) => each.code));
  return codes.size === 1 ? error.errors[0] : error;
};

/** True if the server, or a proxy before it, cannot answer the first question of all. */
export const lacksResp3 = ({ message }: ErrorReply): boolean =>
  /unknown command '?`?hello/i.test(message) || message.startsWith('NOPROTO');

const refusal = (error: ErrorReply, address: string): Error => {
  const cause = { cause: error };
  const access = urlAccessError(error, address);
  if (access !== undefined) return access;
  if (error.message.includes('SELECT is not allowed in cluster mode'))
    return wrongMode(new WrongModeError('cluster'), address);
  if (error.message.includes('DB index'))
    return new ImproperlyConfiguredError(
      `Redis at ${address} has no database of this number; check the path of the url, or \`databases\` in redis.conf`,
      cause,
    );
  if (lacksResp3(error))
    return new ImproperlyConfiguredError(
      `The server at ${address} does not speak RESP 3 (it refuses HELLO 3): it is a proxy that knows RESP 2 only, as ` +
        'twemproxy and older versions of Envoy are, or a Redis before 6.0; give the address of Redis 7.0 or newer ' +
        '(or Valkey) itself, or let the proxy pass HELLO on',
      cause,
    );
  const translated = translateError(error);
  return translated instanceof RedisUnavailableError
    ? notYet(translated, address)
    : new RedisConnectionError(`Redis at ${address} refused the connection: ${error.message}`, cause);
};

const notYet = ({ replyCode: code, cause }: RedisUnavailableError, address: string): Error =>
  new RedisUnavailableError(
    code,
    { cause },
    `Redis at ${address} cannot serve yet (${code}), though it was asked again until connectTimeoutMs was over`,
  );

const wrongMode = (error: WrongModeError, address: string): Error =>
  new ImproperlyConfiguredError(
    error.mode === 'cluster'
      ? `Redis at ${address} is a node of a Redis Cluster; give its address as a root node of \`cluster\` instead of \`url\``
      : `The server at ${address} is a Redis Sentinel; give its address as \`sentinel\` instead of \`url\``,
    { cause: error },
  );

/** In a few words. */
export const reason = (error: unknown): string => {
  if (error instanceof DialTimeoutError) return `no answer within ${error.ms} ms`;
  const { errors, code, message } = Object(error) as Partial<AggregateError & NodeJS.ErrnoException>;
  if (errors !== undefined && errors.length > 0) return [...new Set(errors.map(reason))].join(', ');
  return code ?? message ?? 'unknown reason';
};

const isAboutTls = (error: unknown): boolean =>
  /CERT|TLS|SSL|ALTNAME/.test(String((Object(error) as NodeJS.ErrnoException).code));

/** Node's own words; a server that picks a certificate by name ends a handshake for a name it does not know. */
const isCutOffHandshake = (error: unknown): boolean =>
  String((Object(error) as Partial<Error>).message).includes('before secure TLS connection') ||
  (error instanceof AggregateError && error.errors.some(isCutOffHandshake));

const fix = (error: unknown): string => {
  if (isCutOffHandshake(error))
    return (
      'the server cut the TLS handshake off: check that the port speaks TLS, and that the server knows the name in ' +
      'socket.servername (by default the host, and none for an IP address)'
    );
  return isAboutTls(error)
    ? 'check the certificate authority and the host name in clientOptions.socket, and that the port speaks TLS'
    : 'check the url (rediss: needs a port that speaks TLS), that the server runs, and firewalls between';
};
