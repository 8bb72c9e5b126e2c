-- A player's entry: stored and put before a worker in one step. Opens a conversation when none is open.
local pid = A.player.id
local actor = 'p:' .. pid
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(pid)
if refused then return refused end

local c = of_player(pid) or create(A.new, A.player)
local n = append(c, A.entry)
redis.call('HSET', key('c', c.id), 'pn', n, 'name', A.player.name, 'vip', A.player.vip)
if c.owner ~= 'agent' then wake(c) end
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
