import { RedisConnectionError } from '../../../errors/redis.errors.js';

export const closedError = (): RedisConnectionError =>
  new RedisConnectionError('The connection to Redis is closed');
