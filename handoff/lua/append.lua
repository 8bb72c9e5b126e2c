-- A player's entry: stored and put before a worker in one step. Opens a conversation when none is open.
local pid = A.player.id
local actor = 'p:' .. pid
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(pid)
if refused then return refused end

local c = of_player(pid) or create(A.new, A.player)
local n = append(c, A.entry)
redis.call('HSET', key('c', c.id), 'pn', n, 'name', A.player.name, 'vip', A.player.vip)
c.pn = n
if c.owner == 'agent' then
  stir(c)
  clear(c, 'ask', 'close')
  if redis.call('HSETNX', key('c', c.id), 'unanswered', now) == 1 then
    deadline(c, 'next', redis.call('HGET', key('e', c.ep), 'tier') or '2')
  end
else
  wake(c)
  -- What the last agent promised is said once, when the player comes back later or in another conversation.
  local past = c.owner == 'bot' and hash(key('p', pid, 'past'))
  if past and past.promise and (past.promise_in ~= c.id or now - tonumber(past.promise_at) > A.times.idle) then
    redis.call('HDEL', key('p', pid, 'past'), 'promise')
    append(c, fill(fill(A.promised, 'AGENT', past.promise_by), 'TEXT', past.promise))
  end
end
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
