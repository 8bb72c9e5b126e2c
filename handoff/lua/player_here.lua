-- The player's chat is open. One who was called and comes back in time is offered at once, at the old place.
redis.call('ZADD', key('players:seen'), now, A.player)
local c = of_player(A.player)
if c and c.owner == 'queue' and c.called_at then
  redis.call('HDEL', key('c', c.id), 'called_at', 'kept')
  c.called_at = nil
  clear(c, 'call')
  open_to_offers(c)
  ring('queue')
end
return done()
