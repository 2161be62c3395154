import { Logger } from '@nestjs/common';
import type { StoreSettings } from '../../../config/settings.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisServiceError } from '../../../errors/redis.errors.js';
import type { RedisNode } from './redis-link.js';

const OLDEST = 7;

const logger = new Logger('CodexRedisModule');

/**
 * Refuses a server older than Redis 7.0 and warns of one that may evict the sessions it is to hold. A user whose
 * ACL forbids INFO is accepted.
 *
 * @throws ImproperlyConfiguredError
 */
export const checkServer = async (
  server: RedisNode,
  address: string,
  { holdsSessions }: Pick<StoreSettings, 'holdsSessions'>,
): Promise<void> => {
  const [identity, memory] = await Promise.all([info(server, 'server'), info(server, 'memory')]);
  const version = identity.get('valkey_version') ?? identity.get('redis_version');
  if (version !== undefined && !identity.has('valkey_version') && Number.parseInt(version) < OLDEST)
    throw new ImproperlyConfiguredError(
      `Redis at ${address} is version ${version}; ${OLDEST}.0 or newer (or Valkey) is needed`,
    );
  const policy = memory.get('maxmemory_policy') ?? '';
  if (!holdsSessions || !/^(allkeys|volatile)-/.test(policy)) return;
  logger.warn(
    `Redis at ${address} has maxmemory-policy ${policy}: its sessions may be dropped when memory runs ` +
      'short, since each has a TTL; use noeviction, or give sessions a Redis of their own (session.url)',
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
    if (error.cause instanceof Error && error.cause.message.startsWith("ERR Can't execute"))
      throw new ImproperlyConfiguredError(
        'client: is subscribed to channels and can do nothing else; hand over one that is not used for pub/sub',
      );
    logger.debug(
      `INFO ${section} was refused (${error.replyCode}): version and eviction policy are not checked`,
    );
    return new Map();
  }
};
