-- The button for a person: the queue entry is there at once, the summary follows.
local pid = A.player.id
local actor = 'p:' .. pid
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(pid)
if refused then return refused end
local c = of_player(pid)
if c and c.owner ~= 'bot' then return illegal(c, 'request') end

c = c or create(A.new, A.player)
local n = enqueue(c, A.request, actor)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
