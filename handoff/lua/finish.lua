-- The agent closes the conversation, or returns it to the bot (the slot then stays taken until the wrap-up).
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
local refused = foreign(c, A.agent)
if refused then return refused end

local ep = c.ep
redis.call('HSET', key('c', c.id), 'rate_due', ep)
local n = append(c, fill(A.entry, 'EPISODE', ep))
if A.event == 'close' then
  redis.call('HSET', key('e', ep), 'disposition', A.disposition, 'comment', A.comment)
  end_episode(c, 'closed')
  free_slot(c, actor)
  move(c, 'bot', 'none')
else
  if A.promise then
    redis.call('HSET', key('e', ep), 'promise', A.promise)
    redis.call('HSET', key('p', c.player, 'past'), 'promise', A.promise, 'promise_by', c.agent_name, 'promise_at', now,
      'promise_in', c.id)
    redis.call('PEXPIRE', key('p', c.player, 'past'), A.times.past)
    add_note(c, A.note)
  end
  redis.call('HSET', key('e', ep), 'state', 'wrap_up')
  redis.call('ZADD', key('wrapups'), now + A.times.wrap_up, c.id)
  redis.call('HSET', key('a', A.agent, 'load'), c.id, A.units.chat)
  redis.call('HDEL', key('c', c.id), 'idle', 'unanswered')
  stay_ends(c)
  drop_offers(c, 'rescinded', actor)
  drop_guests(c)
  clear(c, unpack(TIMERS))
  move(c, 'bot', 'wrap_up')
end
silence(c)
record(A.event, actor, c)
if A.event == 'close' then redis.call('HDEL', key('c', c.id), 'ep') end
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, epoch = c.epoch}))
