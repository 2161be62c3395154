import { MARK } from '../../../tagged-text.js';
import type { Standing } from '../../../kept-entry.js';
import type { RedisReply } from '../../link/redis-link.js';
import { asRemaining } from '../replies.js';
import { redisScript } from './redis-script.js';

/** KEYS: the keys. ARGV: ttl in milliseconds or '', then a new text for each key. The texts that stand there. */
export const takeTokensScript = redisScript(`
local ttl = ARGV[1]
local texts = {}
for i = 1, #KEYS do texts[i] = redis.call('GET', KEYS[i]) end
for i = 1, #KEYS do
  if not texts[i] then
    local new = ARGV[i + 1]
    texts[i] = redis.call('SET', KEYS[i], new, 'NX', 'GET', 'PX', ttl == '' and 1 or ttl) or new
  end
  if ttl == '' then
    redis.call('PERSIST', KEYS[i])
  else
    redis.call('PEXPIRE', KEYS[i], ttl, 'GT')
  end
end
return texts`);

/**
 * KEYS: entry, and the companion `tokens`. Returns what is left of it, and of a marked one the text of the companion.
 */
export const inspectScript = redisScript(`
local left = redis.call('PTTL', KEYS[1])
if left == -2 then return false end
local mark = redis.pcall('GETRANGE', KEYS[1], -1, -1)
if type(mark) == 'table' and not string.find(mark.err, '^WRONGTYPE') then return mark end
if mark ~= '${MARK}' then return {left} end
return {left, redis.call('GET', KEYS[2]) or ''}`);

export const parseStanding = (reply: RedisReply): Standing | undefined => {
  if (reply === null) return undefined;
  const [left, tokens] = reply as readonly [number, string?];
  return { remaining: asRemaining(left) ?? null, tokens };
};
