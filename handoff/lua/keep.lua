-- The player leaves while waiting and wants to be called.
local actor = 'p:' .. A.player
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(A.player)
if refused then return refused end
local c = of_player(A.player)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'queue' then return illegal(c, 'keep') end

redis.call('HSET', key('c', c.id), 'kept', 1)
local n = append(c, A.entry)
record('keep', actor, c)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
