-- Fill in an episode's summary. Older than the one there: ignored.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
local name = key('e', A.episode)
if redis.call('HGET', name, 'conversation') ~= c.id then return fail('unknown_conversation') end

if tonumber(redis.call('HGET', name, 'summary_upto') or '-1') <= A.upto then
  redis.call('HSET', name, 'summary', A.summary, 'summary_upto', A.upto)
end
if c.lease == A.token then
  redis.call('HDEL', key('c', c.id), 'lease', 'lease_until')
  c.lease = nil
  redis.call('HSET', key('c', c.id), 'attempts', 0)
  redis.call('ZREM', key('ready'), c.id)
end
if c.summary_due == A.episode then
  redis.call('HDEL', key('c', c.id), 'summary_due')
  c.summary_due = nil
end
if c.owner ~= 'agent' and c.pn > c.cursor or c.summary_due then wake(c) end
ring('c', c.id)
ring('queue')
return done()
