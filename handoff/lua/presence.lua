-- What an agent is, and how many conversations they take at once.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end

redis.call('HSET', key('a', A.agent), 'status', A.status, 'capacity', A.capacity, 'display', A.display)
redis.call('ZADD', key('agents:seen'), now, A.agent)
if A.status == 'online' then
  redis.call('ZADD', key('agents:online'), now, A.agent)
else
  redis.call('ZREM', key('agents:online'), A.agent)
end
record('presence', actor, nil, cjson.encode({status = A.status, capacity = A.capacity}))
ring('queue')
return remember(actor, A.id, A.mac, done({n = 0}))
