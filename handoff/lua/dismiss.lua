-- A guest leaves, or the owner lets them go.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if A.agent ~= A.guest and c.agent ~= A.agent then return fail('not_owner', whose(c)) end
local name = redis.call('HGET', key('c', c.id, 'guests'), A.guest)
if not name then return illegal(c, 'dismiss') end

redis.call('HDEL', key('c', c.id, 'guests'), A.guest)
leave_slot(A.guest, c)
local n = append(c, fill(A.entry, 'NAME', name))
record('left', actor, c)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
