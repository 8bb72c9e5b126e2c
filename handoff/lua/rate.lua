-- The player's rating of an ended (or wrapped-up) episode, once.
local actor = 'p:' .. A.player
local again = repeated(actor, A.id, A.mac)
if again then return again end
local refused = flooded(A.player)
if refused then return refused end
local c = of_player(A.player)
if not c then return fail('unknown_conversation') end
if c.rate_due ~= A.episode then return illegal(c, 'rate') end

redis.call('HSET', key('e', A.episode), 'score', A.score, 'rating_text', A.text, 'ratings', A.ratings, 'weighted', A.weighted)
redis.call('HSET', key('p', A.player, 'past'), 'score', A.score)
redis.call('HDEL', key('c', c.id), 'rate_due')
local n = append(c, A.entry)
c.ep = A.episode
record('rated', actor, c)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
