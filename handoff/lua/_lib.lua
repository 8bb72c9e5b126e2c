-- Shared by every script (put in front of it when it is loaded).
-- KEYS[1] is the key prefix, ARGV[1] a JSON object of arguments; `now` is UTC milliseconds from the caller's Clock.
-- A script validates everything first and writes afterwards: Lua does not roll back.
-- Answers are JSON: {"ok":true, ...} or {"err":code, ...}.
local P = KEYS[1]
local A = cjson.decode(ARGV[1])
local now = A.now

local function key(...) return P .. table.concat({...}, ':') end

local function fail(code, fields)
  fields = fields or {}
  fields.err = code
  return cjson.encode(fields)
end

local function done(fields)
  fields = fields or {}
  fields.ok = true
  return cjson.encode(fields)
end

local function hash(name)
  local flat = redis.call('HGETALL', name)
  if #flat == 0 then return nil end
  local out = {}
  for i = 1, #flat, 2 do out[flat[i]] = flat[i + 1] end
  return out
end

-- The conversation's hash with its numbers as numbers.
local function conversation(cid)
  local c = cid and hash(key('c', cid))
  if not c then return nil end
  for _, f in ipairs({'n', 'pn', 'cursor', 'epoch', 'notes_n', 'vip', 'lease_until', 'attempts', 'qkey', 'last_at', 'opened_at'}) do
    c[f] = tonumber(c[f] or '0')
  end
  c.id = cid
  return c
end

local function ring(...) redis.call('PUBLISH', key('bell', ...), '1') end

-- JSON with the string "@MARK@" in it replaced by a value.
local function fill(json, mark, value)
  return (string.gsub(json, '"@' .. mark .. '@"', function() return cjson.encode(value) end))
end

-- Put a conversation before the workers, now or at a later time. A lease that runs is left alone: its end looks again.
local function wake(c, at)
  local leased = c.lease and c.lease_until > now
  redis.call('ZADD', key('ready'), leased and 'NX' or 'LT', at or now, c.id)
  ring('ready')
end

-- One log entry; returns its number.
local function append(c, json)
  local n = redis.call('HINCRBY', key('c', c.id), 'n', 1)
  redis.call('XADD', key('c', c.id, 'log'), n .. '-0', 'e', json)
  redis.call('HSET', key('c', c.id), 'last_at', now)
  redis.call('ZADD', key('live'), now, c.id)
  ring('c', c.id)
  c.n = n
  return n
end

-- A command seen before: its stored answer, or a conflict when the body differs. nil when it is new.
local function repeated(actor, id, mac)
  local stored = redis.call('HGET', key('ids', actor), id)
  if not stored then return nil end
  local split = string.find(stored, '|', 1, true)
  if string.sub(stored, 1, split - 1) ~= mac then return fail('id_conflict', {id = id}) end
  return string.sub(stored, split + 1)
end

-- Keep the answer of a command for its repeats, and return it.
local function remember(actor, id, mac, answer)
  redis.call('HSET', key('ids', actor), id, mac .. '|' .. answer)
  redis.call('PEXPIRE', key('ids', actor), A.ids_ttl)
  return answer
end

-- Too many commands of a player in this second: the refusal, else nil.
local function flooded(player)
  local name = key('p', player, 'rate')
  local count = redis.call('INCR', name)
  if count == 1 then redis.call('PEXPIRE', name, 1000) end
  if count <= A.per_second then return nil end
  local wait = redis.call('PTTL', name)
  if wait < 0 then redis.call('PEXPIRE', name, 1000); wait = 1000 end
  return fail('rate_limited', {retry_after_ms = wait})
end

local function create(cid, player)
  redis.call('HSET', key('c', cid), 'player', player.id, 'name', player.name, 'vip', player.vip, 'server', player.server,
    'platform', player.platform, 'owner', 'bot', 'state', 'none', 'epoch', 0, 'n', 0, 'pn', 0, 'cursor', 0, 'notes_n', 0,
    'opened_at', now, 'last_at', now, 'attempts', 0)
  redis.call('SET', key('p', player.id), cid)
  redis.call('ZADD', key('live'), now, cid)
  return conversation(cid)
end

-- The player's open conversation, or nil.
local function of_player(pid) return conversation(redis.call('GET', key('p', pid))) end

local function illegal(c, event)
  return fail('illegal_transition', {owner = c.owner, state = c.state, event = event, agent = c.agent_name or ''})
end

-- A record for the archive: what happened, and the episode as it is now.
local function record(event, actor, c, data)
  local fields = {'*', 'at', now, 'event', event, 'actor', actor, 'data', data or '{}'}
  if c then
    for _, pair in ipairs({'conversation', c.id, 'player', c.player, 'epoch', c.epoch}) do fields[#fields + 1] = pair end
    if c.ep and c.ep ~= '' then
      local ep = hash(key('e', c.ep))
      if ep then fields[#fields + 1] = 'episode'; fields[#fields + 1] = cjson.encode(ep) end
    end
  end
  redis.call('XADD', key('outbox'), unpack(fields))
end

-- Owner and episode state change together; every change of owner raises the epoch, also from one agent to another.
local function move(c, owner, state, handed)
  if owner ~= c.owner or handed then c.epoch = redis.call('HINCRBY', key('c', c.id), 'epoch', 1) end
  redis.call('HSET', key('c', c.id), 'owner', owner, 'state', state)
  c.owner, c.state = owner, state
  ring('c', c.id)
  ring('queue')
end

-- The bot has nothing more to answer up to here, and a turn under way can't commit.
local function silence(c)
  redis.call('HSET', key('c', c.id), 'cursor', c.n, 'attempts', 0)
  redis.call('HDEL', key('c', c.id), 'lease', 'lease_until')
  c.cursor, c.lease = c.n, nil
  if c.summary_due then redis.call('ZADD', key('ready'), now, c.id) else redis.call('ZREM', key('ready'), c.id) end
end

-- An internal note; returns its number.
local function add_note(c, json)
  local n = redis.call('HINCRBY', key('c', c.id), 'notes_n', 1)
  redis.call('XADD', key('c', c.id, 'notes'), n .. '-0', 'e', json)
  ring('c', c.id)
  return n
end

-- Who has the conversation now, for an error.
local function whose(c, fields)
  fields = fields or {}
  fields.owner, fields.agent, fields.epoch = c.owner, c.agent_name or '', c.epoch
  return fields
end

-- The refusal of a write of an agent who does not own the conversation under this epoch, else nil.
local function foreign(c, agent)
  if c.owner ~= 'agent' or c.agent ~= agent then return fail('not_owner', whose(c)) end
  if c.epoch ~= A.epoch then return fail('stale_epoch', whose(c)) end
  return nil
end
