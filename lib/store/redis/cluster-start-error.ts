import { ErrorReply } from 'redis';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { RedisServiceError } from '../../errors/redis.errors.js';
import { startError } from './start-error.js';
import { replyCode } from './translate-error.js';

const CREDENTIALS = ['WRONGPASS', 'NOAUTH', 'NOPERM'];

/** Why the module could not start on the cluster whose root nodes are `names`, and what to do. */
export const clusterStartError = (error: unknown, names: string): Error => {
  const reply = replyIn(error);
  if (reply === undefined) return startError(error, names);
  if (CREDENTIALS.includes(replyCode(reply)))
    return new ImproperlyConfiguredError(
      `The Redis Cluster at ${names} refused the credentials (${replyCode(reply)}); check username and password ` +
        'in cluster.defaults: those of a root node hold for the first question to that node only',
      { cause: reply },
    );
  if (reply.message.includes('cluster support disabled'))
    return new ImproperlyConfiguredError(
      `Redis at ${names} is no node of a cluster; give its address as \`url\` instead of \`cluster\``,
      { cause: reply },
    );
  return startError(reply, names);
};

/** What a server answered says more than that others did not. */
const replyIn = (error: unknown): ErrorReply | undefined => {
  if (error instanceof ErrorReply) return error;
  if (error instanceof RedisServiceError) return replyIn(error.cause);
  if (error instanceof AggregateError) return error.errors.map(replyIn).find((reply) => reply !== undefined);
  return undefined;
};
