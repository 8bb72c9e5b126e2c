-- Extend a lease that is still held.
if redis.call('HGET', key('c', A.conversation), 'lease') ~= A.token then return fail('lease_lost') end
redis.call('HSET', key('c', A.conversation), 'lease_until', now + A.lease_ms)
redis.call('ZADD', key('ready'), now + A.lease_ms, A.conversation)
return done()
