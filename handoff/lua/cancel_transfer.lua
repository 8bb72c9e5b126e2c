-- The owner takes a transfer back that nobody has accepted.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'agent' or c.agent ~= A.agent then return fail('not_owner', whose(c)) end
if not c.transfer then return illegal(c, 'cancel_transfer') end

local offer = c.offer and hash(key('r', c.offer))
if offer then settle(offer, 'rescinded', actor, c) end
shut_to_offers(c)
redis.call('HDEL', key('e', c.ep), 'declined')
redis.call('HDEL', key('c', c.id), 'transfer', 'transfer_group', 'transfer_note', 'transfer_by')
record('cancel_transfer', actor, c)
ring('c', c.id)
return remember(actor, A.id, A.mac, done({n = 0, conversation = c.id}))
