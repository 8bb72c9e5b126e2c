-- An agent accepts an offer: the conversation is theirs, or they join it.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local offer = hash(key('r', A.offer))
if not offer or offer.agent ~= A.agent then return fail('offer_gone', {state = 'unknown'}) end
local c = conversation(offer.conversation)
if not c then return fail('offer_gone', {state = offer.state}) end
if offer.state ~= 'pending' then return fail('offer_gone', whose(c, {state = offer.state})) end
if offer.expires_at and tonumber(offer.expires_at) <= now then return fail('offer_gone', whose(c, {state = 'timed_out'})) end
local refused, a = unavailable(A.agent, 0) -- the offer holds the slot
if refused then return refused end

settle(offer, 'accepted', actor, c)
local n
if offer.kind == 'invite' then
  take_slot(A.agent, c, A.units.guest)
  redis.call('HSET', key('c', c.id, 'guests'), A.agent, a.display)
  n = append(c, A.joined)
  record('joined', actor, c)
elseif offer.kind == 'transfer' then
  n = hand_to(c, A.agent, a, 'transfer', fill(A.transferred, 'FROM', c.agent_name), actor)
else
  n = hand_to(c, A.agent, a, 'offer', A.accepted, actor)
end
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id, epoch = c.epoch}))
