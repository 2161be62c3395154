import type { CompareOutcome } from '../../../outcomes.js';
import type { RedisReply } from '../../link/redis-link.js';
import { redisScript } from './redis-script.js';

/** KEYS: key. ARGV: expected, value, ttl in milliseconds or ''. */
export const compareAndSetScript = redisScript(`
local current = redis.call('GET', KEYS[1])
if not current then return false end
if current ~= ARGV[1] then return current end
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1`);

/** KEYS: key. ARGV: expected. */
export const compareAndDeleteScript = redisScript(`
local current = redis.call('GET', KEYS[1])
if not current then return false end
if current ~= ARGV[1] then return current end
redis.call('UNLINK', KEYS[1])
return 1`);

/** KEYS: key. ARGV: expected, ttl in milliseconds. Returns whether it was as expected. */
export const compareAndExpireScript = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);

const DONE: CompareOutcome = { outcome: 'done' };
const MISSING: CompareOutcome = { outcome: 'missing' };

/** The scripts that replace and delete answer 1, nothing, or the text that stood there. */
export const parseCompareOutcome = (reply: RedisReply): CompareOutcome => {
  if (reply === null) return MISSING;
  return typeof reply === 'string' ? { outcome: 'changed', current: reply } : DONE;
};
