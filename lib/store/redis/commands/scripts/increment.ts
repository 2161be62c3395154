import { ErrorReply } from 'redis';
import type { IncrementOutcome } from '../../../outcomes.js';
import type { RedisReply } from '../../link/redis-link.js';
import { translateError } from '../../connection/translate-error.js';
import { redisScript } from './redis-script.js';

/** `increment(key, delta)`, for scripts: the sum, `false` where the key is missing, or a word; see `parseIncrementOutcome`. */
export const INCREMENT = `
local limit = 9007199254740991
local function classify(key, refusal)
  local err = refusal.err
  if string.find(err, '^WRONGTYPE') then return '!' .. err end
  -- not about this number: the server takes no writes now, so nothing was written before either
  if not string.find(err, 'not an integer') and not string.find(err, 'overflow') then error(refusal) end
  local text = redis.call('GET', key)
  if text == '0' or string.find(text, '^%-?[1-9]%d*$') then return 'out-of-range' end
  return 'not-an-integer'
end
local function increment(key, delta)
  if redis.call('EXISTS', key) == 0 then return false end
  local sum = redis.pcall('INCRBY', key, delta)
  if type(sum) ~= 'number' then return classify(key, sum) end
  local before = sum - delta
  if sum > limit or sum < -limit or before > limit or before < -limit then
    redis.call('DECRBY', key, delta)
    return 'out-of-range'
  end
  if sum < 1e15 and sum > -1e15 then return sum end
  return string.format('%.0f', sum)
end`;

/**
 * KEYS: the keys. ARGV: a delta for each. Answers for each the sum, nothing where the key is missing, or a word;
 * what begins with `!` is the error reply of INCRBY.
 *
 * INCRBY itself says what is an integer of 64 bits; a sum that leaves ±(2^53 − 1) is taken back, all in one step. A
 * large sum comes back as text, because node-redis reads integer replies in floating point.
 */
export const incrementScript = redisScript(`${INCREMENT}
local outcomes = {}
for i = 1, #KEYS do outcomes[i] = increment(KEYS[i], ARGV[i]) end
return outcomes`);

const MISSING: IncrementOutcome = { outcome: 'missing' };

/** @throws RedisServiceError where INCRBY was refused for another reason than the number */
export const parseIncrementOutcome = (reply: RedisReply): IncrementOutcome => {
  if (typeof reply === 'number') return { outcome: 'done', value: String(reply) };
  if (reply === null) return MISSING;
  const text = String(reply);
  if (text === 'not-an-integer' || text === 'out-of-range') return { outcome: text };
  if (text.startsWith('!')) throw translateError(new ErrorReply(text.slice(1)));
  return { outcome: 'done', value: text };
};
