import type { EndedMembers, EnrolOutcome, Member, MemberName } from '../../../member-index.js';
import { ORIGIN_MS } from '../../../member-index.js';
import type { RedisReply } from '../../link/redis-link.js';
import { redisScript } from './redis-script.js';

/*
 * KEYS: index, a hash of members as JSON by their handles: key, st (pending, live or ended), createdAt, device, from (the
 * handle whose place it takes), deadline (while pending), ends (when it has expired at the latest), origins (the handles
 * of those whose places were taken one after the other, each until it ends).
 */

/** The Lua functions that the scripts share. */
const prelude = `
local index = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local dropped = {}
local function drop(handle) dropped[handle] = true end
local function put(handle, member)
  dropped[handle] = nil
  redis.call('HSET', index, handle, cjson.encode(member))
end
local function done(reply)
  for handle in pairs(dropped) do redis.call('HDEL', index, handle) end
  return reply
end
local function isTime(value) return type(value) == 'number' and math.abs(value) < 2 ^ 63 end
local function isMember(member)
  if type(member) ~= 'table' or type(member.key) ~= 'string' or type(member.st) ~= 'string' then return false end
  if not isTime(member.createdAt) or not isTime(member.ends) then return false end
  if member.st == 'pending' and not isTime(member.deadline) then return false end
  if member.from ~= nil and type(member.from) ~= 'string' then return false end
  if member.origins == nil then return true end
  if type(member.origins) ~= 'table' then return false end
  for _, origin in ipairs(member.origins) do
    if type(origin) ~= 'table' or not isTime(origin.ends) then return false end
  end
  return true
end
local function read(text)
  local isJson, member = pcall(cjson.decode, text)
  if not isJson or not isMember(member) then error('the index holds something else than a member') end
  return member
end
local function find(handle)
  local text = redis.call('HGET', index, handle)
  return text and read(text) or nil
end
local function all()
  local flat, members = redis.call('HGETALL', index), {}
  for i = 1, #flat, 2 do members[flat[i]] = read(flat[i + 1]) end
  return members
end
local function lastFor(ttl)
  if redis.call('PTTL', index) < tonumber(ttl) then redis.call('PEXPIRE', index, ttl) end
end
local function add(list, handle, member)
  list[#list + 1] = handle
  list[#list + 1] = member.key
end
local function isLate(member) return member.st == 'pending' and member.deadline <= now end
`;

/** ARGV: the enrolment as JSON, its ttl in milliseconds. Answers the outcome, then handles and keys. */
export const enrolScript = redisScript(`${prelude}
local new, members, reply, others = cjson.decode(ARGV[1]), all(), {''}, {}
local deadline, ends = now + new.pendingMs, now + new.ttl
local function finish(outcome)
  reply[1] = outcome
  return done(reply)
end
local function ending(handle, member)
  member.st = 'ended'
  put(handle, member)
  add(reply, handle, member)
end
for _, handle in ipairs(new.gone or {}) do
  local member = members[handle]
  if member and member.st == 'live' then
    drop(handle)
    members[handle] = nil
  end
end
for handle, member in pairs(members) do
  if member.st == 'ended' or isLate(member) then
    ending(handle, member)
  elseif member.st == 'live' and member.ends <= now then
    drop(handle)
  elseif handle ~= new.from and handle ~= new.handle then
    others[#others + 1] = {handle, member}
  end
end
local old, known = members[new.from or ''], members[new.handle]
for _, member in pairs({a = old, b = known}) do
  if member.st == 'ended' then return finish('interrupted') end
end
if known and known.st == 'live' and known.ends > now then
  lastFor(ARGV[2])
  return finish('enrolled')
end
if new.limit and #others >= new.limit.limit then
  if new.limit.whenFull == 'refuse' then
    if new.gone then return finish('refused') end
    reply = {''}
    for _, other in ipairs(others) do
      if other[2].st == 'live' then add(reply, other[1], other[2]) end
    end
    return finish('full')
  end
  table.sort(others, function(a, b)
    if a[2].createdAt == b[2].createdAt then return a[1] < b[1] end
    return a[2].createdAt < b[2].createdAt
  end)
  for i = 1, #others - new.limit.limit + 1 do ending(others[i][1], others[i][2]) end
end
local origins = {}
for _, origin in ipairs(old and old.origins or {}) do
  if origin.ends > now then origins[#origins + 1] = origin end
end
if new.from then origins[#origins + 1] = {handle = new.from, ends = deadline + ${ORIGIN_MS}} end
put(new.handle, {
  origins = origins, key = new.key, st = 'pending', from = new.from, deadline = deadline, ends = ends,
  createdAt = old and old.createdAt or now, device = new.device or (old and old.device),
})
lastFor(ARGV[2])
return finish('enrolled')`);

/**
 * ARGV: handle, ttl in milliseconds, the handles of ended members whose entries are gone. Returns whether it had not
 * been ended.
 */
export const confirmScript = redisScript(`${prelude}
local handle, member = ARGV[1], find(ARGV[1])
for i = 3, #ARGV do
  local gone = find(ARGV[i])
  if gone and gone.st == 'ended' then drop(ARGV[i]) end
end
if not member or member.st == 'ended' then return done(0) end
member.st, member.deadline, member.ends = 'live', nil, now + ARGV[2]
if member.from then drop(member.from) end
put(handle, member)
lastFor(ARGV[2])
return done(1)`);

/** ARGV: the member as JSON, its ttl in milliseconds. Returns whether it had not been ended. */
export const keepMemberScript = redisScript(`${prelude}
local kept = cjson.decode(ARGV[1])
local member = find(kept.handle)
if member and member.st == 'ended' then return 0 end
member = member or {key = kept.key, st = 'live', createdAt = kept.createdAt or now}
member.device = kept.device or member.device
member.ends = math.max(member.ends or 0, now + ARGV[2])
put(kept.handle, member)
lastFor(ARGV[2])
return 1`);

/** ARGV: the selection as JSON. Answers handles and keys of the ended, and of the spared. */
export const endMembersScript = redisScript(`${prelude}
local selection, members, named = cjson.decode(ARGV[1]), all(), {}
for _, handle in ipairs(selection.only or selection.except) do named[handle] = true end
local function follows(member)
  for _, origin in ipairs(member.origins or {}) do
    if named[origin.handle] and origin.ends > now then return true end
  end
  return false
end
local grown = true
while grown do
  grown = false
  for handle, member in pairs(members) do
    if not named[handle] and follows(member) then named[handle], grown = true, true end
  end
end
local ended, spared = {}, {}
for handle, member in pairs(members) do
  if (named[handle] ~= nil) == (selection.only ~= nil) then
    member.st = 'ended'
    put(handle, member)
    add(ended, handle, member)
  else
    add(spared, handle, member)
  end
end
return {ended, spared}`);

/** ARGV: the state that they must be in or '', handles. */
export const forgetMembersScript = redisScript(`${prelude}
for i = 2, #ARGV do
  local member = find(ARGV[i])
  if member and (ARGV[1] == '' or member.st == ARGV[1]) then drop(ARGV[i]) end
end
return done(1)`);

/** Answers handle and JSON of each. */
export const membersScript = redisScript(`${prelude}
local reply = {}
for handle, member in pairs(all()) do
  if isLate(member) then
    member.st = 'ended'
    put(handle, member)
  end
  reply[#reply + 1] = handle
  reply[#reply + 1] = cjson.encode(member)
end
return reply`);

export const parseEnrolOutcome = (reply: RedisReply): EnrolOutcome => {
  const [outcome, ...names] = reply as readonly [EnrolOutcome['outcome'], ...string[]];
  return { outcome, members: asNames(names) };
};

export const parseEndedMembers = (reply: RedisReply): EndedMembers => {
  const [ended, spared] = reply as readonly [readonly string[], readonly string[]];
  return { ended: asNames(ended), spared: asNames(spared) };
};

/** As it stands in the hash. */
interface StoredMember {
  readonly key: string;
  readonly st: Member['state'];
  readonly createdAt: number;
  readonly device?: string;
}

export const parseMembers = (reply: RedisReply): readonly Member[] =>
  asNames(reply as readonly string[]).map(({ handle, key: text }) => {
    const { key, st: state, createdAt, device } = JSON.parse(text) as StoredMember;
    return { handle, key, state, createdAt, ...(device !== undefined && { device }) };
  });

const asNames = (flat: readonly string[]): readonly MemberName[] =>
  flat.flatMap((handle, i) => (i % 2 === 0 ? [{ handle, key: flat[i + 1] ?? '' }] : []));
