-- The owner asks a colleague or a group to take over, and stays the owner until somebody accepts.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
local refused = foreign(c, A.agent)
if refused then return refused end
if c.transfer or A.to_agent == A.agent then return illegal(c, 'transfer') end
local a
if A.to_agent ~= '' then
  refused, a = unavailable(A.to_agent, A.units.chat)
  if refused then return refused end
end

c.transfer = a and a.display or A.to_group
redis.call('HSET', key('c', c.id), 'transfer', c.transfer, 'transfer_note', A.text, 'transfer_by', c.agent_name)
redis.call('HDEL', key('e', c.ep), 'declined')
add_note(c, A.note)
if a then
  make_offer(c, A.offer, 'transfer', A.to_agent, A.units.chat, c.agent_name, A.text)
else
  redis.call('HSET', key('c', c.id), 'transfer_group', A.to_group)
  c.transfer_group = A.to_group
  open_to_offers(c)
  ring('queue')
end
record('transfer', actor, c, cjson.encode({agent = A.to_agent, group = A.to_group}))
return remember(actor, A.id, A.mac, done({n = 0, conversation = c.id}))
