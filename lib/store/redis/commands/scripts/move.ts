import { redisScript } from './redis-script.js';

/** KEYS: key. Whether there is such an entry; PERSIST alone also answers 0 for one that never expires. */
export const persistScript = redisScript(`
if redis.call('PERSIST', KEYS[1]) == 1 then return 1 end
return redis.call('EXISTS', KEYS[1])`);

/** KEYS: from, to. Whether there was one. */
export const renameScript = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
return 1`);

/** KEYS: key. The value and its PTTL of one moment, or nothing. */
export const readWithTtlScript = redisScript(`
local value = redis.call('GET', KEYS[1])
if not value then return false end
return {value, redis.call('PTTL', KEYS[1])}`);
