import { redisScript } from './redis-script.js';

/** KEYS: key. Returns whether there is such an entry; PERSIST alone also answers 0 for one that never expires. */
export const persistScript = redisScript(`
if redis.call('PERSIST', KEYS[1]) == 1 then return 1 end
return redis.call('EXISTS', KEYS[1])`);

/** KEYS: from, to, perhaps a companion of each. Returns whether there was an entry. */
export const renameScript = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for i = 1, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('RENAME', KEYS[i], KEYS[i + 1])
  else
    redis.call('UNLINK', KEYS[i + 1])
  end
end
return 1`);

/** KEYS: key, perhaps a companion. The value and its PTTL of one moment, or nothing; the same of the companion. */
export const readWithTtlScript = redisScript(`
local value = redis.call('GET', KEYS[1])
if not value then return false end
local companion = KEYS[2] and redis.call('GET', KEYS[2])
return {value, redis.call('PTTL', KEYS[1]), companion, companion and redis.call('PTTL', KEYS[2])}`);

/** KEYS: key, companion. ARGV: the value of each, the ttl of each or ''. */
export const setBothScript = redisScript(`
for i = 1, 2 do
  if ARGV[i + 2] == '' then
    redis.call('SET', KEYS[i], ARGV[i])
  else
    redis.call('SET', KEYS[i], ARGV[i], 'PX', ARGV[i + 2])
  end
end`);
