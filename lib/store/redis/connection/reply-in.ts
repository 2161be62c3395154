import { ErrorReply } from 'redis';
import { RedisServiceError } from '../../../errors/redis.errors.js';

/** The reply of a server among several errors: it says more than the silence of others. */
export const replyIn = (error: unknown): ErrorReply | undefined => {
  if (error instanceof ErrorReply) return error;
  if (error instanceof RedisServiceError) return replyIn(error.cause);
  if (error instanceof AggregateError) return error.errors.map(replyIn).find((reply) => reply !== undefined);
  return undefined;
};
