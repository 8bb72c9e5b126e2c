-- Delete a conversation that was copied to the archive, unless something happened to it since.
local c = conversation(A.conversation)
if not c then return done({forgotten = true}) end
if c.owner ~= 'bot' or c.state ~= 'none' or c.n ~= A.n or c.notes_n ~= A.notes_n or c.pn > c.cursor or c.lease then
  return done({forgotten = false})
end

-- How it ended is still told to the next agent.
for _, ep in ipairs(redis.call('LRANGE', key('c', c.id, 'eps'), 0, -1)) do
  redis.call('HDEL', key('e', ep), 'summary')
  redis.call('PEXPIRE', key('e', ep), A.times.past)
end
for _, part in ipairs({'log', 'notes', 'nlu', 'tracker', 'eps', 'guests', 'invites'}) do redis.call('DEL', key('c', c.id, part)) end
redis.call('DEL', key('c', c.id))
if redis.call('GET', key('p', c.player)) == c.id then redis.call('DEL', key('p', c.player)) end
redis.call('ZREM', key('live'), c.id)
redis.call('ZREM', key('ready'), c.id)
ring('c', c.id)
return done({forgotten = true})
