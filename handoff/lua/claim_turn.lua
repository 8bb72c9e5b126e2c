-- Give a worker the conversation that has waited longest, under a lease. While leased it lies in the future of `ready`,
-- so a worker that dies loses it by itself.
local found = redis.call('ZRANGEBYSCORE', key('ready'), '-inf', now, 'LIMIT', 0, 8)
for _, cid in ipairs(found) do
  local c = conversation(cid)
  local work = c and ((c.owner ~= 'agent' and c.pn > c.cursor) or c.summary_due)
  if not work then
    redis.call('ZREM', key('ready'), cid)
  else
    local entry, n = false, 0
    local from = c.cursor + 1
    while c.owner ~= 'agent' and not entry and from <= c.pn do
      local batch = redis.call('XRANGE', key('c', cid, 'log'), from .. '-0', c.pn .. '-0', 'COUNT', 32)
      if #batch == 0 then break end
      for _, item in ipairs(batch) do
        n = tonumber(string.match(item[1], '^%d+'))
        if string.find(item[2][2], '"sender":"player"', 1, true) then entry = item[2][2]; break end
      end
      from = n + 1
    end
    -- A summary that fails is no mark against the player's next message.
    local attempts = entry and redis.call('HINCRBY', key('c', cid), 'attempts', 1) or 0
    redis.call('HSET', key('c', cid), 'lease', A.token, 'lease_until', now + A.lease_ms)
    redis.call('ZADD', key('ready'), now + A.lease_ms, cid)
    return {cid, cjson.encode(c), n, entry, redis.call('GET', key('c', cid, 'tracker')), attempts}
  end
end
return false
