-- A turn commits once: tracker, replies, requested handoff and cursor together, or nothing. Fenced by the lease, the cursor
-- and the owner, so neither a second worker nor a late reply gets through.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.lease ~= A.token then return fail('lease_lost') end
if c.owner == 'agent' then return fail('not_owner', {owner = c.owner}) end
if c.cursor ~= A.from_cursor then return fail('lease_lost') end

local first = c.n + 1
for _, entry in ipairs(A.entries) do append(c, entry) end
redis.call('HSET', key('c', c.id), 'cursor', A.to_cursor, 'attempts', 0)
redis.call('HDEL', key('c', c.id), 'lease', 'lease_until')
c.lease = nil
if A.tracker then redis.call('SET', key('c', c.id, 'tracker'), A.tracker) end
if A.understanding then redis.call('HSET', key('c', c.id, 'nlu'), A.to_cursor, A.understanding) end
redis.call('ZREM', key('ready'), c.id)
local waiting = c.owner == 'queue'
if waiting then
  if A.request then raise_request(c, A.request) end
  redis.call('HSET', key('c', c.id), 'summary_due', c.ep)
  c.summary_due = c.ep
elseif A.request then
  enqueue(c, A.request, 'bot')
end
if c.pn > A.to_cursor then
  wake(c)
elseif c.summary_due then
  wake(c, waiting and now + A.summary_delay or now) -- a player who goes on writing is answered first
end
return done({first = first, n = c.n})
