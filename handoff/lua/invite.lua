-- The owner asks a colleague to join.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
local refused = foreign(c, A.agent)
if refused then return refused end
if A.colleague == A.agent or redis.call('HEXISTS', key('c', c.id, 'guests'), A.colleague) == 1 then return illegal(c, 'invite') end
for _, id in ipairs(redis.call('SMEMBERS', key('c', c.id, 'invites'))) do
  if redis.call('HGET', key('r', id), 'agent') == A.colleague then return illegal(c, 'invite') end
end
refused = unavailable(A.colleague, A.units.guest)
if refused then return refused end

add_note(c, A.note)
make_offer(c, A.offer, 'invite', A.colleague, A.units.guest, c.agent_name, A.text)
return remember(actor, A.id, A.mac, done({n = 0, conversation = c.id}))
