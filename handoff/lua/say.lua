-- A message of the owner or a guest, fenced by the epoch it was written under.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
local guest = c.owner == 'agent' and redis.call('HEXISTS', key('c', c.id, 'guests'), A.agent) == 1
if not guest and (c.owner ~= 'agent' or c.agent ~= A.agent) then return fail('not_owner', whose(c)) end
if c.epoch ~= A.epoch then return fail('stale_epoch', whose(c)) end

local n = append(c, A.entry)
stir(c)
redis.call('HSETNX', key('e', c.ep), 'responded_at', now)
if A.reasked > 0 then redis.call('HINCRBY', key('e', c.ep), 'reasked', A.reasked) end
redis.call('HDEL', key('c', c.id), 'unanswered')
redis.call('HSET', key('a', A.agent), 'missed', 0)
clear(c, 'first.warn', 'first.alarm', 'first.late', 'next.warn', 'next.alarm', 'next.late', 'close')
timer(c, 'ask', now + A.times.ask)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
