import type { HitOutcome } from '../../../rate-limit.js';
import type { RedisReply } from '../../link/redis-link.js';
import { redisScript } from './redis-script.js';

/**
 * KEYS: key. ARGV: window, limit and block, times in milliseconds.
 *
 * The entry is a list: first `windowEnd:blockEnd`, then for each hit when it stops counting, in the order of these
 * times, which is not that of the hits where the window changes. It counts as the in-memory storage of @nestjs/throttler does: a blocked caller's hits are not kept, the first one
 * after a block starts afresh, and without a block time a refused hit waits until the oldest stops counting.
 */
export const hitScript = redisScript(`
local key, window, limit, block = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- What could fail comes before the first write: a script that fails leaves its writes behind.
if not (window and limit and block) or math.max(window, block) > 2 ^ 52 then
  return redis.error_reply('ERR the rule of a rate limit has to be of numbers, and its times finite')
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(milliseconds) return string.format('%.0f', milliseconds) end
-- an item that no hit can have written counts as a time that has passed
local function time_of(item)
  local at = tonumber(item)
  return at and at >= 0 and at <= 2 ^ 53 and at or nil
end
local function count()
  local later, last = {}, time_of(redis.call('LINDEX', key, -1))
  while last and last > now + window do
    later[#later + 1] = redis.call('RPOP', key)
    last = time_of(redis.call('LINDEX', key, -1))
  end
  redis.call('RPUSH', key, text(now + window))
  for i = #later, 1, -1 do redis.call('RPUSH', key, later[i]) end
end

local windowEnd, blockEnd = 0, 0
local head = redis.call('LINDEX', key, 0)
local a, b = string.match(head or '', '^(%d+):(%d+)$')
a, b = time_of(a), time_of(b)
-- Until the end the first item is only a place for the new head: a list that lost its last item would be gone.
if a and b then
  windowEnd, blockEnd = a, b
elseif head then
  redis.call('LTRIM', key, 0, 0)
  redis.call('LSET', key, 0, '')
else
  redis.call('RPUSH', key, '')
end
local oldest = redis.call('LINDEX', key, 1)
while oldest and (time_of(oldest) or 0) <= now do
  redis.call('LPOP', key)
  oldest = redis.call('LINDEX', key, 1)
end
if windowEnd <= now then windowEnd = now + window end

local hits, refused, wait = redis.call('LLEN', key) - 1, 0, 0
if block <= 0 then
  if hits >= limit then
    refused, wait = 1, (time_of(oldest or windowEnd) - now)
  else
    count()
  end
  hits = hits + 1
elseif blockEnd <= now then
  if blockEnd > 0 then
    redis.call('LTRIM', key, 0, 0)
    hits, blockEnd = 0, 0
  end
  count()
  hits = hits + 1
  if hits > limit then blockEnd = now + block end
end
if block > 0 and blockEnd > now then refused, wait = 1, blockEnd - now end

local last = time_of(redis.call('LINDEX', key, -1)) or 0
redis.call('LSET', key, 0, text(windowEnd) .. ':' .. text(blockEnd))
redis.call('PEXPIRE', key, text(math.max(windowEnd, blockEnd, last) - now))
return {hits, windowEnd - now, refused, wait}`);

export const parseHitOutcome = (reply: RedisReply): HitOutcome => {
  const [hits, windowRemainingMs, blocked, blockRemainingMs] = reply as readonly [
    number,
    number,
    number,
    number,
  ];
  return { hits, windowRemainingMs, blocked: blocked === 1, blockRemainingMs };
};
