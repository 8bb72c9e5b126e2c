-- What waits in one of the lists of conversations that want to be offered, from place A.first to A.last (0 is the first):
-- an array for each, in the order in which `RedisEngine.waiting` reads it. What is not there is false.
local rows = {}
local found = redis.call('ZRANGE', key(unpack(A.list)), A.first, A.last, 'WITHSCORES')
for i = 1, #found, 2 do
  local c = redis.call('HMGET', key('c', found[i]), 'ep', 'player', 'owner', 'group', 'transfer_group', 'vip', 'last_agent', 'called_at', 'agent')
  local e = c[1] and redis.call('HMGET', key('e', c[1]), 'requested_at', 'language', 'declined', 'declined_at')
  if e and e[1] then
    rows[#rows + 1] = {found[i], found[i + 1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], e[1], e[2], e[3], e[4],
      redis.call('ZSCORE', key('players:seen'), c[2])}
  end
end
return #rows > 0 and cjson.encode(rows) or '[]'
