-- The player cancels the wait, or leaves a ticket instead of it.
local actor = 'p:' .. A.player
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(A.player)
if refused then return refused end
local c = of_player(A.player)
if not c then return fail('unknown_conversation') end
if A.event == 'cancel' and c.owner ~= 'queue' then return illegal(c, A.event) end
if A.event == 'ticket' and c.owner == 'agent' then return illegal(c, A.event) end

local waiting = c.owner == 'queue'
local data = '{}'
local number = ''
local entry = A.entry
if A.event == 'ticket' then
  number = string.format('T%s-%04d', A.day, redis.call('INCR', key('tickets')))
  data = cjson.encode({number = number, text = A.text})
  entry = string.gsub(entry, '@NUMBER@', number, 1)
end
if waiting then
  redis.call('ZREM', key('queue'), c.id)
  end_episode(c, A.reason)
  redis.call('HDEL', key('c', c.id), 'summary_due')
  move(c, 'bot', 'none')
end
local n = append(c, entry)
record(A.event, actor, c, data)
if waiting then redis.call('HDEL', key('c', c.id), 'ep') end
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, number = number}))
