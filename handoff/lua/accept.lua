-- Claim a conversation: out of the queue, into a slot of the agent, owner changed, all or nothing.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'queue' then return illegal(c, 'accept') end
local agent = hash(key('a', A.agent))
local seen = tonumber(redis.call('ZSCORE', key('agents:seen'), A.agent) or '0')
if not agent or agent.status ~= 'online' or seen < now - A.grace then
  return fail('agent_unavailable', {status = agent and agent.status or 'offline'})
end
local taken = redis.call('SCARD', key('a', A.agent, 'convs'))
if taken >= tonumber(agent.capacity) then return fail('capacity_full', {capacity = tonumber(agent.capacity), active = taken}) end

redis.call('ZREM', key('queue'), c.id)
redis.call('SADD', key('a', A.agent, 'convs'), c.id)
redis.call('HSET', key('c', c.id), 'agent', A.agent, 'agent_name', agent.display)
c.agent, c.agent_name = A.agent, agent.display
local name = key('e', c.ep)
redis.call('HSET', name, 'state', 'active', 'agent', A.agent)
redis.call('HSETNX', name, 'accepted_at', now)
move(c, 'agent', 'active')
local n = append(c, A.entry)
silence(c)
record('accept', actor, c)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, epoch = c.epoch}))
