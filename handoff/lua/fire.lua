-- A timer acts: everything it does and its own removal in one step, or nothing. A transition that makes a timer pointless
-- has cleared or moved it, so a decision taken on an older view is recognised by the time that does not match.
local member = A.conversation .. '|' .. A.kind
local at = redis.call('ZSCORE', key('timers'), member)
if not at or tonumber(at) ~= A.at or A.at > now then return done({fired = false}) end
redis.call('ZREM', key('timers'), member)
local c = conversation(A.conversation)
if not c or not c.ep then return done({fired = false}) end

local name = key('e', c.ep)
local function listed(field, value)
  local before = redis.call('HGET', name, field)
  redis.call('HSET', name, field, before and before ~= '' and (before .. ',' .. value) or value)
end

if A.late then listed('late', A.late) end
if A.compensation then listed('compensation', A.compensation) end
if A.tier and A.tier > tonumber(redis.call('HGET', name, 'tier') or '0') then redis.call('HSET', name, 'tier', A.tier) end
if c.owner == 'queue' and (A.gain > 0) then
  raise_request(c, {head_start = tonumber(redis.call("HGET", name, "head_start") or "0") + A.gain})
end
if A.alert then
  redis.call('XADD', key('alerts'), 'MAXLEN', '~', 1000, '*', 'at', now, 'code', A.alert, 'conversation', c.id, 'agent', c.agent or '')
  ring('alerts')
end
if A.note then add_note(c, A.note) end
if A.park and c.owner == 'agent' then
  redis.call('HSET', key('c', c.id), 'idle', 1)
  redis.call('HSET', key('a', c.agent, 'load'), c.id, 0)
  ring('a', c.agent)
  ring('c', c.id)
  ring('queue')
end
if A.resume and c.owner == 'queue' then
  redis.call('HDEL', key('c', c.id), 'held')
  c.held = nil
  open_to_offers(c)
  ring('queue')
end
record('timer', 'system', c, cjson.encode({kind = A.kind, at = A.at}))
if A.stop == 'no_reply' and c.owner == 'agent' then
  redis.call('HSET', name, 'disposition', 'no_reply')
  redis.call('HSET', key('c', c.id), 'rate_due', c.ep)
  append(c, fill(A.entry, 'EPISODE', c.ep))
  end_episode(c, 'no_reply')
  free_slot(c)
  move(c, 'bot', 'none')
  silence(c)
  record('no_reply', 'system', c)
  redis.call('HDEL', key('c', c.id), 'ep')
elseif A.stop == 'missed' and c.owner == 'queue' then
  leave_queue(c, 'ticket', 'missed', 'system', A.entry, A.text)
else
  if A.entry then append(c, A.entry) end
  for _, pair in ipairs(A.next) do timer(c, pair[1], pair[2]) end
end
return done({fired = true})
