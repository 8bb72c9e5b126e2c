-- An agent's socket is alive.
local first = redis.call('ZSCORE', key('agents:seen'), A.agent)
redis.call('ZADD', key('agents:seen'), now, A.agent)
if redis.call('HGET', key('a', A.agent), 'status') == 'online' then
  redis.call('ZADD', key('agents:online'), now, A.agent)
  if not first or tonumber(first) < now - A.grace then ring('queue') end
end
return done()
