-- The agent closes the conversation, or returns it to the bot (the slot then stays taken until the wrap-up).
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'agent' or c.agent ~= A.agent then return fail('not_owner', {owner = c.owner, agent = c.agent_name or ''}) end
if c.epoch ~= A.epoch then return fail('stale_epoch', {epoch = c.epoch, owner = c.owner, agent = c.agent_name or ''}) end

local ep = c.ep
redis.call('HSET', key('c', c.id), 'rate_due', ep)
local n = append(c, string.gsub(A.entry, '@EPISODE@', ep))
if A.event == 'close' then
  redis.call('HSET', key('e', ep), 'disposition', A.disposition, 'comment', A.comment)
  end_episode(c, 'closed')
  free_slot(c)
  move(c, 'bot', 'none')
else
  redis.call('HSET', key('e', ep), 'state', 'wrap_up')
  redis.call('ZADD', key('wrapups'), now + A.wrap_up_ms, c.id)
  move(c, 'bot', 'wrap_up')
end
silence(c)
record(A.event, actor, c)
if A.event == 'close' then redis.call('HDEL', key('c', c.id), 'ep') end
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, epoch = c.epoch}))
