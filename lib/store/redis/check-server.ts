import { Logger } from '@nestjs/common';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { RedisServiceError } from '../../errors/redis.errors.js';
import type { RedisNode } from './redis-link.js';

const OLDEST = 7;

const logger = new Logger('CodexRedisModule');

/** Servers already warned of: the caches' and the sessions' connection often lead to the same one. */
const warned = new Set<string>();

/**
 * Refuses a server older than Redis 7.0 and warns, once for each, of one that may evict sessions. A user whose ACL
 * forbids INFO is let through.
 *
 * @throws ImproperlyConfiguredError
 */
export const checkServer = async (server: RedisNode, address: string): Promise<void> => {
  const [identity, memory] = await Promise.all([info(server, 'server'), info(server, 'memory')]);
  const version = identity.get('valkey_version') ?? identity.get('redis_version');
  if (version !== undefined && !identity.has('valkey_version') && Number.parseInt(version) < OLDEST)
    throw new ImproperlyConfiguredError(
      `Redis at ${address} is version ${version}; ${OLDEST}.0 or newer (or Valkey) is needed`,
    );
  const policy = memory.get('maxmemory_policy') ?? '';
  const run = identity.get('run_id') ?? address;
  if (!policy.startsWith('allkeys-') || warned.has(run)) return;
  warned.add(run);
  logger.warn(
    `Redis at ${address} has maxmemory-policy ${policy}: sessions that live there may be dropped when memory runs ` +
      'short; use volatile-ttl or noeviction, or give sessions a Redis of their own (session.url)',
  );
};

const info = async (server: RedisNode, section: string): Promise<ReadonlyMap<string, string>> => {
  try {
    const text = String(await server.send(['INFO', section]));
    return new Map(
      text
        .split('\r\n')
        .filter((line) => line.includes(':'))
        .map((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1)];
        }),
    );
  } catch (error) {
    if (!(error instanceof RedisServiceError)) throw error;
    logger.debug(
      `INFO ${section} was refused (${error.replyCode}): version and eviction policy are not checked`,
    );
    return new Map();
  }
};
