import {
  EARLY_MS,
  type Held,
  type KeptOutcome,
  type Look,
  type NotAsTagged,
  type TaggedText,
} from '../../../kept-entry.js';
import type { IncrementOutcome } from '../../../outcomes.js';
import { bareText, MARK, TOKENS_OUTLIVE_MS } from '../../../tagged-text.js';
import type { RedisReply } from '../../link/redis-link.js';
import { INCREMENT, parseIncrementOutcome } from './increment.js';
import { redisScript } from './redis-script.js';

/**
 * The companion is a hash: `n` nonce, `g` grace; and while the entry has an end, `x` that end, `w` its whole timeout, `v`
 * its text where there is a grace. All times in milliseconds. Lua would write large numbers with an exponent.
 *
 * Where there are tokens, the text of an entry that has some is marked, also in the companion `grace`.
 */
const KEPT = `
local E, G, L, K = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function digits(number) return string.format('%.0f', number) end
local function is_over(x)
  local time = redis.call('TIME')
  return x and time[1] * 1000 + math.floor(time[2] / 1000) >= x - ${EARLY_MS}
end
-- none where somebody else has written the companion
local function grace_of(text)
  local grace = tonumber(text)
  return grace and grace >= 0 and grace < 2 ^ 53 and grace or nil
end
local function ends(grace, whole, text)
  local x = redis.call('PEXPIRETIME', E)
  if x < 0 then
    redis.call('PERSIST', G)
    return
  end
  redis.call('HSET', G, 'x', digits(x), 'w', whole)
  if text and grace ~= '0' then redis.call('HSET', G, 'v', text) end
  redis.call('PEXPIREAT', G, digits(x + grace))
end
local function keep(text, whole, grace, nonce)
  if grace == '' then
    redis.call('UNLINK', G)
    return
  end
  redis.call('HSET', G, 'n', nonce, 'g', grace)
  redis.call('HDEL', G, 'x', 'w', 'v')
  ends(grace, whole, text)
end
local function is_marked(text) return K and text and string.sub(text, -1) == '${MARK}' end
local function bare(text) return is_marked(text) and string.sub(text, 1, -2) or text end
local function tokens_of(text) return is_marked(text) and (redis.call('GET', K) or '') end
-- the tokens outlive their entry, and what is kept of it
local function tokens_end(ttl, grace)
  if ttl == '' then
    redis.call('PERSIST', K)
  else
    redis.call('PEXPIRE', K, digits(ttl + (grace_of(grace) or 0) + ${TOKENS_OUTLIVE_MS}))
  end
end`;

/**
 * KEYS: entry, companion, lease where the cache has leases. ARGV: how long the companion has to be there, the part of the
 * timeout or '', ttl or '', the longest grace; of a claim its token and how long it lasts.
 */
export const lookUpScript = redisScript(`${KEPT}
local token, lasts = ARGV[5], ARGV[6]
local function holder()
  return token and (redis.call('SET', L, token, 'NX', 'GET', 'PX', lasts) or token)
end
local text = redis.call('GET', E)
if text then
  local left, due = redis.call('PTTL', E), 0
  if ARGV[2] ~= '' and left >= 0 then
    local whole = tonumber(redis.call('HGET', G, 'w') or ARGV[3])
    local is_free = not token or redis.call('EXISTS', L) == 0
    if whole and is_free and left <= whole * (1 - ARGV[2]) then due = 1 end
  end
  local found = {'stands', text, redis.call('HGET', G, 'n') or '', due, tokens_of(text)}
  if due == 1 then redis.call('PEXPIRE', G, digits(left + ARGV[1]), 'GT') end
  return found
end
local nonce, x, grace, kept = unpack(redis.call('HMGET', G, 'n', 'x', 'g', 'v'))
if not nonce then return {'missing', holder()} end
x = tonumber(x)
if not is_over(x) then
  local missing = {'missing', holder()}
  redis.call('UNLINK', G)
  return missing
end
grace = math.min(grace_of(grace) or 0, ARGV[4])
if grace == 0 or is_over(x + grace + ${EARLY_MS}) then kept = false end
local tokens = K and tokens_of(kept)
local found = {'stale', kept, nonce, holder() or false}
if K then found[5] = tokens end
redis.call('PEXPIRE', G, ARGV[1], 'GT')
return found`);

/** The reply to a look-up. If the lease was not claimed, the reply is shorter, without a holder. */
type LookReply =
  | readonly [state: 'stands', text: string, nonce: string, due: number, tokens?: string | null]
  | readonly [
      state: 'stale',
      text: string | null,
      nonce: string,
      holder: string | null,
      tokens?: string | null,
    ]
  | readonly [state: 'missing', holder?: string];

export const parseLook = (reply: RedisReply): Look => {
  const found = reply as LookReply;
  switch (found[0]) {
    case 'stands': {
      const [state, text, nonce, due, tokens] = found;
      return { state, nonce, isDue: due === 1, ...taggedText(text, tokens) };
    }
    case 'stale': {
      const [state, text, nonce, holder, tokens] = found;
      const kept = text === null ? { text } : taggedText(text, tokens);
      return { state, nonce, ...kept, ...heldBy(holder) };
    }
    case 'missing':
      return { state: 'missing', ...heldBy(found[1]) };
  }
};

const heldBy = (holder: string | null | undefined): Held => (typeof holder === 'string' ? { holder } : {});

const taggedText = (text: string, tokens: string | null | undefined): TaggedText =>
  typeof tokens === 'string' ? { text: bareText(text), tokens } : { text };

/** In place of a nonce: it is not compared. */
export const ANY_NONCE = '*';

/**
 * KEYS: entry, companion, lease where the cache has leases. ARGV: kind of state, its text (where the value is kept, the
 * SHA-1 of it), its nonce or tokens, value, whether the value is kept (1 or ''), ttl or '', grace or '', the new nonce; of
 * a run its token or '', the tokens or ''. The steps that can fail come before the first write.
 */
export const writeKeptScript = redisScript(`${KEPT}
local kind, expected, nonce, value, kept, ttl, grace, new_nonce, run, tokens = unpack(ARGV)
local current = kind ~= 'anything' and redis.call('GET', E)
local n, x, v = unpack(redis.call('HMGET', G, 'n', 'x', 'v'))
if run == '' then run = nil end
local is_holder = run and redis.call('GET', L) == run
local function is_expected()
  if run and not is_holder then return false end
  if kind == 'anything' then return true end
  if kind == 'absent' then return not current end
  if kind == 'nothing' then return not current and not n end
  if kind == 'stale' then return not current and n == nonce end
  if kind == 'dead' then return tokens_of(current) == nonce and (nonce ~= '' or bare(current) == expected) end
  if nonce ~= '${ANY_NONCE}' and (n or '') ~= nonce then return false end
  if not current then return n and nonce ~= '${ANY_NONCE}' and is_over(tonumber(x)) end
  if kept == '' then return bare(current) == expected end
  return redis.sha1hex(bare(current)) == expected
end
local expects = is_expected()
if kept ~= '' then value = bare(current or v) end
if not expects or not value then
  local standing = K and current and {current, tokens_of(current)} or current
  if current and v and v ~= current then redis.call('UNLINK', G) end
  if is_holder then redis.call('UNLINK', L) end
  return standing
end
if K and tokens ~= '' then value = value .. '${MARK}' end
if ttl == '' then
  redis.call('SET', E, value)
else
  redis.call('SET', E, value, 'PX', ttl)
end
if L then redis.call('UNLINK', L) end
keep(value, ttl, grace, new_nonce)
if not K then return 1 end
if tokens == '' then
  redis.call('UNLINK', K)
else
  redis.call('SET', K, tokens)
  tokens_end(ttl, grace)
end
return 1`);

const STORED: KeptOutcome = { outcome: 'stored' };
const CHANGED: KeptOutcome = { outcome: 'changed' };

export const parseKeptOutcome = (reply: RedisReply): KeptOutcome => {
  if (reply === null) return CHANGED;
  if (typeof reply === 'number') return STORED;
  if (typeof reply === 'string') return { outcome: 'stands', current: reply };
  const [current, tokens] = reply as readonly [string, string | null];
  const { text, ...tagged } = taggedText(current, tokens);
  return { outcome: 'stands', current: text, ...tagged };
};

/**
 * KEYS: entry, companion. ARGV: ttl or '', the tokens or ''. Returns whether there is such an entry, or the tokens it
 * has.
 */
export const expireKeptScript = redisScript(`${KEPT}
local text = redis.call('GET', E)
if not text then return 0 end
local tokens = tokens_of(text)
if tokens and (tokens == '' or tokens ~= ARGV[2]) then return tokens end
local nonce, grace, v = unpack(redis.call('HMGET', G, 'n', 'g', 'v'))
if tokens then tokens_end(ARGV[1], grace) end
if ARGV[1] == '' then
  redis.call('PERSIST', E)
else
  redis.call('PEXPIRE', E, ARGV[1])
end
if not nonce then return 1 end
if not grace_of(grace) or v and v ~= text then
  redis.call('UNLINK', G)
elseif ARGV[1] == '' then
  redis.call('HDEL', G, 'x', 'w', 'v')
  redis.call('PERSIST', G)
else
  ends(grace, ARGV[1], not v and text)
end
return 1`);

export const parseExpiry = (reply: RedisReply): boolean | NotAsTagged =>
  typeof reply === 'string' ? { outcome: 'tagged', tokens: reply } : reply !== 0;

/** The beginning of a reply that gives the tokens of an entry instead. */
const TOKENS = 'tokens:';

/** KEYS: entry, companion. ARGV: delta, grace or '', the new nonce, the tokens or ''. INCRBY takes no mark. */
export const incrementKeptScript = redisScript(`${KEPT}${INCREMENT}
local text = K and redis.call('GET', E)
local tokens = tokens_of(text)
if tokens and (tokens == '' or tokens ~= ARGV[4]) then return '${TOKENS}' .. tokens end
local whole = redis.call('HGET', G, 'w')
if tokens then redis.call('SET', E, bare(text), 'KEEPTTL') end
local outcome = increment(E, ARGV[1])
local is_done = outcome and string.find(outcome, '^%-?%d')
if tokens then redis.call('SET', E, is_done and redis.call('GET', E) .. '${MARK}' or text, 'KEEPTTL') end
if is_done then
  whole = whole or redis.call('PTTL', E)
  keep(redis.call('GET', E), whole, ARGV[2], ARGV[3])
end
return outcome`);

export const parseKeptIncrement = (reply: RedisReply): IncrementOutcome | NotAsTagged =>
  typeof reply === 'string' && reply.startsWith(TOKENS)
    ? { outcome: 'tagged', tokens: reply.slice(TOKENS.length) }
    : parseIncrementOutcome(reply);
