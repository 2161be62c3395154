import { setImmediate as eventLoop } from 'node:timers/promises';
import { RedisConnectionError } from '../../../errors/redis.errors.js';

export const closedError = (): RedisConnectionError =>
  new RedisConnectionError('The connection to Redis is closed');

/** For callers that may try again at once: in a later turn, so that the event loop goes on. */
export const rejectClosed = async (): Promise<never> => {
  await eventLoop();
  throw closedError();
};
