-- An agent opens a ticket for work that outlasts the conversation.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.agent ~= A.agent and redis.call('HEXISTS', key('c', c.id, 'guests'), A.agent) == 0 then return fail('not_owner', whose(c)) end

local number = string.format('T%s-%04d', A.day, redis.call('INCR', key('tickets')))
know_ticket(c.player, number, 'open', A.text)
local n = append(c, fill(A.entry, 'NUMBER', number))
record('ticket', actor, c, cjson.encode({number = number, text = A.text, group = c.group or 'general', by = A.agent}))
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, number = number}))
