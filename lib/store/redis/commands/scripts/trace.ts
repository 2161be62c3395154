import type { EndOutcome, MoveOutcome } from '../../../trace.js';
import type { RedisReply } from '../../link/redis-link.js';
import { parseCompareOutcome } from './compare.js';
import { redisScript } from './redis-script.js';

/** As `parseTrace()`. */
const readTrace = `
local function readTrace(text)
  local isJson, trace = pcall(cjson.decode, text)
  if not isJson or type(trace) ~= 'table' then return {st = 'ended', to = {}} end
  local to = {}
  for _, successor in ipairs(type(trace.to) == 'table' and trace.to or {}) do
    if type(successor) == 'string' then to[#to + 1] = successor end
  end
  trace.to = to
  return trace
end
`;

/** KEYS: key, its trace. ARGV: value, its ttl in milliseconds. Returns whether it was stored. */
export const setIfUntracedScript = redisScript(`
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`);

/**
 * KEYS: key, its trace. ARGV: expected, the trace to leave, its ttl in milliseconds, a successor to add to the trace of
 * an earlier move or ''.
 */
export const moveAwayScript = redisScript(`${readTrace}
local current = redis.call('GET', KEYS[1])
if current == ARGV[1] then
  redis.call('UNLINK', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  return 1
end
if current then return current end
local trace = ARGV[4] ~= '' and redis.call('GET', KEYS[2])
if not trace then return false end
local left = readTrace(trace)
if left.st ~= 'moved' then return false end
table.insert(left.to, ARGV[4])
redis.call('SET', KEYS[2], cjson.encode(left), 'KEEPTTL')
return 2`);

const FORKED = 2;

export const parseMoveOutcome = (reply: RedisReply): MoveOutcome =>
  reply === FORKED ? { outcome: 'forked' } : parseCompareOutcome(reply);

/**
 * KEYS: key, its trace. ARGV: ttl of the trace in milliseconds, whether one is left in any case (1), whether the value is given
 * (1). Answers whether there was an entry, whether there was a trace, the value, and the successors.
 */
export const endScript = redisScript(`${readTrace}
local value = ARGV[3] == '1' and redis.call('GET', KEYS[1]) or ''
local trace = redis.call('GET', KEYS[2])
local existed = redis.call('UNLINK', KEYS[1])
local to = trace and readTrace(trace).to or {}
local left = cjson.encode({st = 'ended', to = #to > 0 and to or nil})
if existed == 1 then
  redis.call('SET', KEYS[2], left, 'PX', ARGV[1])
elseif trace then
  redis.call('SET', KEYS[2], left, 'KEEPTTL')
elseif ARGV[2] == '1' then
  redis.call('SET', KEYS[2], left, 'PX', ARGV[1])
end
return {existed, trace and 1 or 0, value, to}`);

export const parseEndOutcome = (reply: RedisReply): EndOutcome => {
  const [existed, traced, value, successors] = reply as readonly [number, number, string, readonly string[]];
  return { existed: existed === 1, wasTraced: traced === 1, successors, ...(value !== '' && { value }) };
};
