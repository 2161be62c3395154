import { redisScript } from './redis-script.js';

/**
 * Writes nothing, but Redis refuses it whenever it would refuse a write: on a replica, without enough replicas, with a
 * failing disk, out of memory. PING is answered then.
 */
export const servesWritesScript = redisScript('#!lua\nreturn 1');
