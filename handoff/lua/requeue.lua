-- The agent is gone: back into the queue at the old place. Checked again here, so one who came back keeps it.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'agent' or c.epoch ~= A.epoch then return fail('stale_epoch', {epoch = c.epoch}) end
local seen = tonumber(redis.call('ZSCORE', key('agents:seen'), c.agent) or '0')
if seen >= now - A.grace then return illegal(c, 'requeue') end

free_slot(c)
redis.call('ZADD', key('queue'), string.format('%.0f', c.qscore), c.id)
redis.call('HSET', key('e', c.ep), 'state', 'queued', 'agent', '')
redis.call('HSET', key('c', c.id), 'summary_due', c.ep)
c.summary_due = c.ep
move(c, 'queue', 'queued')
local n = append(c, A.entry)
silence(c)
ring('ready')
record('requeue', 'system', c)
return done({n = n, conversation = c.id, epoch = c.epoch})
