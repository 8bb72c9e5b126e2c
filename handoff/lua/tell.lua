-- A line for the player from outside a turn (a finished ticket): into their open conversation, once.
local actor = 'system:' .. A.player.id
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = of_player(A.player.id) or create(A.new, A.player)
local n = append(c, A.entry)
local told = cjson.decode(A.data)
if told.number then know_ticket(c.player, told.number, told.state, told.text) end
hook(A.event, c, A.data)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
