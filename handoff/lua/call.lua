-- It is an absent player's turn: the place is kept, the operator's push service is told, the wait for them is limited.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'queue' or c.offer or c.called_at then return illegal(c, 'call') end

redis.call('HSET', key('c', c.id), 'called_at', now)
timer(c, 'call', now + A.times.call)
append(c, A.entry)
hook('your_turn', c, cjson.encode({['until'] = now + A.times.call}))
record('call', 'system', c)
return done()
