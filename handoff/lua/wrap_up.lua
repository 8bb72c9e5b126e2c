-- The end of a wrap-up: by the agent with a disposition, or by the clock.
local actor = A.agent and ('a:' .. A.agent) or 'system'
if A.agent then
  local again = repeated(actor, A.id, A.mac)
  if again then return again end
end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.state ~= 'wrap_up' then return illegal(c, 'wrapped') end
if A.agent and c.agent ~= A.agent then return fail('not_owner', {owner = c.owner, agent = c.agent_name or ''}) end
if not A.agent and tonumber(redis.call('ZSCORE', key('wrapups'), c.id) or '0') > now then return illegal(c, 'expired') end

if A.agent then redis.call('HSET', key('e', c.ep), 'disposition', A.disposition, 'comment', A.comment) end
end_episode(c, A.agent and 'returned' or 'expired')
free_slot(c, actor)
move(c, c.owner, 'none')
record(A.agent and 'wrapped' or 'expired', actor, c)
redis.call('HDEL', key('c', c.id), 'ep')
local answer = done({n = 0, conversation = c.id})
if A.agent then return remember(actor, A.id, A.mac, answer) end
return answer
