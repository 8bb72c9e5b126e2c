-- An internal note, in a log of its own.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end

local n = add_note(c, A.note)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
