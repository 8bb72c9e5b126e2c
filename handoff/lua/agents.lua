-- The connected ones of A.ids, as routing sees them: an array for each, in the order in which `RedisEngine` reads it.
local rows = {}
for _, id in ipairs(A.ids) do
  local a = redis.call('HMGET', key('a', id), 'display', 'status', 'capacity', 'profile', 'changed_at')
  if a[2] and seen(id) then rows[#rows + 1] = {id, a[1], a[2], a[3], load_of(id), a[4], a[5]} end
end
return #rows > 0 and cjson.encode(rows) or '[]'
