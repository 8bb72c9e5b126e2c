-- The player's open conversation, created when there is none.
local c = of_player(A.player.id)
if not c then c = create(A.new, A.player) end
return done({conversation = c.id})
