-- An offer ends without being taken: the agent says no, or its time is over.
local actor = A.agent and ('a:' .. A.agent) or 'system'
if A.agent then
  local again = repeated(actor, A.id, A.mac)
  if again then return again end
end
local offer = hash(key('r', A.offer))
if not offer or (A.agent and offer.agent ~= A.agent) then return fail('offer_gone', {state = 'unknown'}) end
local c = conversation(offer.conversation)
if offer.state ~= 'pending' or not c then return fail('offer_gone', c and whose(c, {state = offer.state}) or {state = offer.state}) end
local gone = not seen(offer.agent)
if not A.agent and not gone and tonumber(offer.expires_at) > now then return illegal(c, 'expire_offer') end

-- A conversation that woke up may have taken the room that the offer held: then it could not be taken.
local over = load_of(offer.agent) > tonumber(redis.call('HGET', key('a', offer.agent), 'capacity')) * 100
local state = A.agent and 'rejected' or (gone or over) and 'rescinded' or 'timed_out'
settle(offer, state, actor, c)
turned_down(offer, c)
open_to_offers(c)
if state == 'timed_out' then
  local missed = redis.call('HINCRBY', key('a', offer.agent), 'missed', 1)
  if missed >= A.missed and redis.call('HGET', key('a', offer.agent), 'status') == 'online' then
    redis.call('HSET', key('a', offer.agent), 'status', 'break')
    redis.call('ZREM', key('agents:online'), offer.agent)
    record('presence', 'system', nil, cjson.encode({agent = offer.agent, status = 'break', missed = missed}))
  end
elseif A.agent then
  redis.call('HSET', key('a', offer.agent), 'missed', 0)
end
ring('c', c.id)
local answer = done({n = 0, conversation = c.id, state = state})
if A.agent then return remember(actor, A.id, A.mac, answer) end
return answer
