-- Reserve a waiting conversation (or one that is to be transferred to a group) for an agent.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
local wanted = A.kind == 'queue' and c.owner == 'queue' or A.kind == 'transfer' and c.owner == 'agent' and c.transfer_group
if not wanted or c.offer or c.agent == A.agent then return illegal(c, 'offer') end
if A.kind == 'queue' and (c.called_at or c.held) then return illegal(c, 'offer') end
local refused = unavailable(A.agent, A.units.chat)
if refused then return refused end

make_offer(c, A.offer, A.kind, A.agent, A.units.chat, c.transfer_by or '', c.transfer_note or '')
return done()
