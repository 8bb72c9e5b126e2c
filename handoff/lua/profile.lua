-- What routing may know of an agent.
redis.call('HSET', key('a', A.agent), 'profile', A.profile)
ring('queue')
return done()
