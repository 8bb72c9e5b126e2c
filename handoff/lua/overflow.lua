-- The group can't take a waiting request: another group does, it waits for the opening, or it becomes a ticket.
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'queue' or c.offer or c.called_at or c.held then return illegal(c, 'overflow') end

if A.kind == 'group' then
  raise_request(c, {group = A.group, regroup = true, head_start = 0})
  record('regroup', 'system', c, cjson.encode({group = A.group}))
elseif A.kind == 'ticket' then
  leave_queue(c, 'ticket', 'ticket', 'system', A.entry, A.text)
else
  redis.call('HSET', key('c', c.id), 'held', 1)
  shut_to_offers(c)
  timer(c, 'open', A.opens_at)
  append(c, A.entry)
  record('hold', 'system', c)
end
return done()
