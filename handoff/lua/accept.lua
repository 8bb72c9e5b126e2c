-- Claim a waiting conversation by hand: out of the queue, into a slot of the agent, owner changed, all or nothing. An offer
-- of it to this agent is thereby accepted, one to somebody else is taken back.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'queue' then return illegal(c, 'accept') end
local offer = c.offer and hash(key('r', c.offer))
local mine = offer and offer.agent == A.agent
local refused, a = unavailable(A.agent, mine and 0 or A.units.chat)
if refused then return refused end

if mine then settle(offer, 'accepted', actor, c) end
local n = hand_to(c, A.agent, a, mine and 'offer' or 'pull', fill(A.entry, 'NAME', a.display), actor)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, epoch = c.epoch}))
