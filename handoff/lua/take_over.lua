-- A supervisor takes an agent's conversation without asking.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'agent' or c.agent == A.agent then return illegal(c, 'take_over') end
local held = tonumber(redis.call('HGET', key('a', A.agent, 'load'), c.id) or '0') -- as a guest
local refused, a = unavailable(A.agent, A.units.chat - held)
if refused then return refused end

if A.note then add_note(c, A.note) end
local n = hand_to(c, A.agent, a, 'takeover', fill(fill(A.entry, 'FROM', c.agent_name), 'NAME', a.display), actor)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, epoch = c.epoch}))
