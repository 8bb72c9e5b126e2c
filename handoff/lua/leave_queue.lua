-- The player cancels the wait, or leaves a ticket instead of it.
local actor = 'p:' .. A.player
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(A.player)
if refused then return refused end
local c = of_player(A.player)
if not c then return fail('unknown_conversation') end
if A.event == 'cancel' and c.owner ~= 'queue' then return illegal(c, A.event) end
if A.event == 'ticket' and c.owner == 'agent' then return illegal(c, A.event) end

local number, n = leave_queue(c, A.event, A.reason, actor, A.entry, A.text)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, number = number}))
