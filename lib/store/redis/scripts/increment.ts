import { type IncrementOutcome } from '../../key-value-store.js';
import { type RedisReply } from '../redis-link.js';
import { redisScript } from './redis-script.js';

/**
 * KEYS: key. ARGV: delta.
 *
 * Lua counts in doubles, so everything is held to ±(2^53 − 1) before INCRBY sees it; the sum comes back as text
 * because node-redis reads integer replies in floating point.
 */
export const incrementScript = redisScript(`
local text = redis.call('GET', KEYS[1])
if not text then return false end
if text ~= '0' and not string.find(text, '^%-?[1-9]%d*$') then return 'not-an-integer' end
local limit = 9007199254740991
local sum = tonumber(text) + tonumber(ARGV[1])
if math.abs(tonumber(text)) > limit or math.abs(sum) > limit then return 'out-of-range' end
return string.format('%.0f', redis.call('INCRBY', KEYS[1], ARGV[1]))`);

const MISSING: IncrementOutcome = { outcome: 'missing' };

export const parseIncrementOutcome = (reply: RedisReply): IncrementOutcome => {
  if (reply === null) return MISSING;
  if (reply === 'not-an-integer' || reply === 'out-of-range') return { outcome: reply };
  return { outcome: 'done', value: String(reply) };
};
