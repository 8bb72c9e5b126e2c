-- The agent is gone: back into the queue at the old place, or out of the conversation they were invited to. Checked again
-- here, so one who came back keeps it.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if A.guest then
  local name = redis.call('HGET', key('c', c.id, 'guests'), A.guest)
  if not name or seen(A.guest) then return illegal(c, 'dismiss') end
  redis.call('HDEL', key('c', c.id, 'guests'), A.guest)
  leave_slot(A.guest, c)
  append(c, fill(A.left, 'NAME', name))
  record('left', 'system', c)
  return done({n = c.n, conversation = c.id, epoch = c.epoch})
end
if c.owner ~= 'agent' or c.epoch ~= A.epoch then return fail('stale_epoch', whose(c)) end
if seen(c.agent) then return illegal(c, 'requeue') end

free_slot(c)
redis.call('HSET', key('e', c.ep), 'state', 'queued', 'agent', '')
redis.call('HSET', key('c', c.id), 'summary_due', c.ep)
c.summary_due = c.ep
move(c, 'queue', 'queued')
enter_queue(c)
local n = append(c, A.entry)
silence(c)
ring('ready')
record('requeue', 'system', c)
return done({n = n, conversation = c.id, epoch = c.epoch})
