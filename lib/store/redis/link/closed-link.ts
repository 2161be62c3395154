import { setImmediate as eventLoop } from 'node:timers/promises';
import { RedisConnectionError } from '../../../errors/redis.errors.js';
import type { RedisLink } from './redis-link.js';

export const closedError = (): RedisConnectionError =>
  new RedisConnectionError('The connection to Redis is closed');

const reject = async (): Promise<never> => {
  await eventLoop();
  throw closedError();
};

/** What is left of a link once its store is closed. */
export const closedLink: RedisLink = {
  connect: reject,
  close: () => Promise.resolve(),
  send: reject,
  read: reject,
  split: () => null,
  masters: reject,
};
