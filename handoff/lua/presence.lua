-- What an agent is, and how many conversations they take at once. One who is not online any more is offered nothing.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end

redis.call('HSET', key('a', A.agent), 'status', A.status, 'capacity', A.capacity, 'display', A.display, 'missed', 0)
redis.call('ZADD', key('agents:seen'), now, A.agent)
if A.status == 'online' then
  redis.call('ZADD', key('agents:online'), now, A.agent)
else
  redis.call('ZREM', key('agents:online'), A.agent)
  for _, id in ipairs(redis.call('HKEYS', key('a', A.agent, 'offers'))) do
    local offer = hash(key('r', id))
    local c = conversation(offer.conversation)
    settle(offer, 'rescinded', actor, c)
    turned_down(offer, c)
    open_to_offers(c)
    ring('c', c.id)
  end
end
record('presence', actor, nil, cjson.encode({status = A.status, capacity = A.capacity}))
ring('a', A.agent)
ring('queue')
return remember(actor, A.id, A.mac, done({n = 0}))
