-- The queue, agents' slots, offers and timers; shared by every script (put behind _lib.lua when it is loaded).
-- A.times, A.tiers, A.warn and A.units are the policy's, in milliseconds and units.
local TIMERS = {'first.warn', 'first.alarm', 'first.late', 'next.warn', 'next.alarm', 'next.late', 'resolution.warn',
  'resolution.alarm', 'resolution.late', 'notice', 'idle', 'ask', 'close', 'call', 'open'}

local function timer(c, kind, at) redis.call('ZADD', key('timers'), string.format('%.0f', at), c.id .. '|' .. kind) end

local function clear(c, ...)
  local members = {}
  for _, kind in ipairs({...}) do members[#members + 1] = c.id .. '|' .. kind end
  redis.call('ZREM', key('timers'), unpack(members))
end

local function deadline(c, name, tier)
  timer(c, name .. '.warn', now + A.warn * A.tiers[tostring(tier)][name])
end

-- Agents -----------------------------------------------------------------------------------------------------------

local function sum(name)
  local total = 0
  for _, units in ipairs(redis.call('HVALS', name)) do total = total + tonumber(units) end
  return total
end

local function load_of(agent) return sum(key('a', agent, 'load')) + sum(key('a', agent, 'offers')) end

local function seen(agent) return tonumber(redis.call('ZSCORE', key('agents:seen'), agent) or '0') >= now - A.grace end

-- The refusal of giving an agent `units` more, else nil and what is known of the agent (without the long profile).
local function unavailable(agent, units)
  local known = redis.call('HMGET', key('a', agent), 'status', 'capacity', 'display')
  local a = {status = known[1], capacity = known[2], display = known[3] or ''}
  if a.status ~= 'online' or not seen(agent) then
    return fail('agent_unavailable', {status = a.status and seen(agent) and a.status or 'offline', display = a.display})
  end
  local capacity, taken = tonumber(a.capacity) * 100, load_of(agent)
  if taken + units > capacity then return fail('capacity_full', {capacity = tonumber(a.capacity), active = taken / 100}) end
  return nil, a
end

local function take_slot(agent, c, units)
  redis.call('HSET', key('a', agent, 'load'), c.id, units)
  redis.call('HSET', key('a', agent), 'changed_at', now, 'missed', 0)
  ring('a', agent)
end

local function leave_slot(agent, c)
  redis.call('HDEL', key('a', agent, 'load'), c.id)
  redis.call('HSET', key('a', agent), 'changed_at', now)
  ring('a', agent)
  ring('queue')
end

-- Somebody wrote: the conversation counts again, and its idle time starts anew.
local function stir(c)
  if c.owner ~= 'agent' then return end
  timer(c, 'idle', now + A.times.idle)
  if c.idle then
    redis.call('HDEL', key('c', c.id), 'idle')
    redis.call('HSET', key('a', c.agent, 'load'), c.id, A.units.chat)
    c.idle = nil
    ring('a', c.agent)
  end
end

-- The stays of an episode: which agent had it from when to when.
local function stay_begins(c, agent, display, how)
  local name = key('e', c.ep)
  local owners = cjson.decode(redis.call('HGET', name, 'owners') or '[]')
  owners[#owners + 1] = {agent = agent, name = display, since = now, how = how}
  redis.call('HSET', name, 'owners', cjson.encode(owners))
end

local function stay_ends(c)
  local name = key('e', c.ep)
  local owners = cjson.decode(redis.call('HGET', name, 'owners') or '[]')
  local last = owners[#owners]
  if not last or last['until'] then return end
  last['until'] = now
  redis.call('HSET', name, 'owners', cjson.encode(owners))
  local handled = key('h', redis.call('HGET', name, 'group') or 'general')
  redis.call('LPUSH', handled, string.format('%.0f', now - last.since))
  redis.call('LTRIM', handled, 0, 199)
end

-- Offers -----------------------------------------------------------------------------------------------------------

-- Into, or out of, the conversations that want to be offered.
local function open_to_offers(c)
  if c.offer or c.held then return end
  if c.owner == 'queue' then
    redis.call('ZADD', key('open', c.group), string.format('%.0f', c.qkey), c.id)
  elseif c.transfer_group then
    redis.call('ZADD', key('transfers'), string.format('%.0f', c.qkey), c.id)
  end
end

local function shut_to_offers(c)
  if c.group then redis.call('ZREM', key('open', c.group), c.id) end
  redis.call('ZREM', key('transfers'), c.id)
end

local function make_offer(c, id, kind, agent, units, by, note)
  local offer = key('r', id)
  redis.call('HSET', offer, 'id', id, 'conversation', c.id, 'episode', c.ep, 'kind', kind, 'agent', agent, 'state', 'pending',
    'made_at', now, 'expires_at', now + A.times.accept, 'by', by, 'note', note)
  redis.call('ZADD', key('offers'), now + A.times.accept, id)
  redis.call('HSET', key('a', agent, 'offers'), id, units)
  if kind == 'invite' then
    redis.call('SADD', key('c', c.id, 'invites'), id)
  else
    redis.call('HSET', key('c', c.id), 'offer', id)
    c.offer = id
    shut_to_offers(c)
  end
  redis.call('HINCRBY', key('e', c.ep), 'offers', 1)
  record('offered', 'system', c, cjson.encode({offer = id, kind = kind, agent = agent}))
  ring('a', agent)
  ring('queue')
end

-- Reserve a waiting conversation for an agent, if it still wants to be offered and the agent still has room.
local function reserve(o)
  local c = conversation(o.conversation)
  if not c then return fail('unknown_conversation') end
  local wanted = o.kind == 'queue' and c.owner == 'queue' or o.kind == 'transfer' and c.owner == 'agent' and c.transfer_group
  if not wanted or c.offer or c.agent == o.agent then return illegal(c, 'offer') end
  if o.kind == 'queue' and (c.called_at or c.held) then return illegal(c, 'offer') end
  local refused = unavailable(o.agent, A.units.chat)
  if refused then return refused end

  make_offer(c, o.offer, o.kind, o.agent, A.units.chat, c.transfer_by or '', c.transfer_note or '')
  return done()
end

-- A pending offer comes to an end. The caller puts the conversation where it belongs.
local function settle(offer, state, actor, c)
  redis.call('HSET', key('r', offer.id), 'state', state, 'ended_at', now)
  redis.call('PEXPIRE', key('r', offer.id), A.ids_ttl)
  redis.call('ZREM', key('offers'), offer.id)
  redis.call('HDEL', key('a', offer.agent, 'offers'), offer.id)
  if offer.kind == 'invite' then
    redis.call('SREM', key('c', offer.conversation, 'invites'), offer.id)
  else
    redis.call('HDEL', key('c', offer.conversation), 'offer')
    c.offer = nil
  end
  record('offer_' .. state, actor, c, cjson.encode({offer = offer.id, kind = offer.kind, agent = offer.agent}))
  ring('a', offer.agent)
  ring('queue')
end

-- No and silence: the next agent is asked, a transfer to one agent fails.
local function turned_down(offer, c)
  if offer.kind == 'invite' or offer.kind == 'transfer' and not c.transfer_group then
    local note = string.gsub(A.declined, '"at":0', '"at":' .. string.format('%.0f', now))
    add_note(c, fill(note, 'NAME', redis.call('HGET', key('a', offer.agent), 'display') or offer.agent))
  end
  if offer.kind == 'invite' then return end
  local name = key('e', c.ep)
  local kept = {}
  for agent in string.gmatch(redis.call('HGET', name, 'declined') or '', '[^,]+') do
    if agent ~= offer.agent then kept[#kept + 1] = agent end
  end
  kept[#kept + 1] = offer.agent
  redis.call('HSET', name, 'declined', table.concat(kept, ','), 'declined_at', now)
  redis.call('HINCRBY', name, 'missed', 1)
  if offer.kind == 'transfer' and not c.transfer_group then
    redis.call('HDEL', key('c', c.id), 'transfer', 'transfer_note', 'transfer_by')
  end
end

-- Every pending offer of a conversation, its transfer and its guests end with what they were about.
local function drop_offers(c, state, actor)
  local pending = redis.call('SMEMBERS', key('c', c.id, 'invites'))
  if c.offer then pending[#pending + 1] = c.offer end
  for _, id in ipairs(pending) do
    local offer = hash(key('r', id))
    if offer and offer.state == 'pending' then settle(offer, state, actor, c) end
  end
  shut_to_offers(c)
  redis.call('HDEL', key('c', c.id), 'transfer', 'transfer_group', 'transfer_note', 'transfer_by')
  c.transfer, c.transfer_group = nil, nil
end

local function drop_guests(c)
  for _, guest in ipairs(redis.call('HKEYS', key('c', c.id, 'guests'))) do leave_slot(guest, c) end
  redis.call('DEL', key('c', c.id, 'guests'))
end

-- The agent's slot and everything that hung on the agent having the conversation.
local function free_slot(c, actor)
  if c.agent then
    leave_slot(c.agent, c)
    if c.state == 'active' then stay_ends(c) end
  end
  drop_offers(c, 'rescinded', actor or 'system')
  drop_guests(c)
  redis.call('ZREM', key('wrapups'), c.id)
  redis.call('HDEL', key('c', c.id), 'agent', 'agent_name', 'idle', 'unanswered')
  c.agent, c.agent_name, c.idle, c.unanswered = nil, nil, nil, nil
  clear(c, 'idle', 'ask', 'close', 'next.warn', 'next.alarm', 'next.late')
end

-- The queue --------------------------------------------------------------------------------------------------------

local function enter_queue(c)
  local score = string.format('%.0f', c.qkey)
  redis.call('ZADD', key('queue'), score, c.id)
  redis.call('ZADD', key('queue', c.group), score, c.id)
  open_to_offers(c)
  timer(c, 'notice', now + A.times.notice)
end

local function exit_queue(c, state, actor)
  redis.call('ZREM', key('queue'), c.id)
  redis.call('ZREM', key('queue', c.group), c.id)
  drop_offers(c, state, actor)
  redis.call('HDEL', key('c', c.id), 'called_at', 'kept', 'held')
  clear(c, 'notice', 'call', 'open')
end

local function end_episode(c, reason)
  redis.call('HSET', key('e', c.ep), 'state', 'ended', 'ended_at', now, 'end_reason', reason)
  clear(c, unpack(TIMERS))
  local past = key('p', c.player, 'past')
  redis.call('HSET', past, 'episode', c.ep, 'ended_at', now,
    'score', redis.call('HGET', key('e', c.ep), 'score') or 0)
  if c.agent then redis.call('HSET', past, 'agent', c.agent, 'agent_at', now) end
  redis.call('PEXPIRE', past, A.times.past)
  redis.call('LPUSH', key('p', c.player, 'eps'), c.ep)
  redis.call('LTRIM', key('p', c.player, 'eps'), 0, 9)
  redis.call('PEXPIRE', key('p', c.player, 'eps'), A.times.past)
end

-- What the bot can say of a ticket when the player asks for it.
local function know_ticket(player, number, state, text)
  redis.call('HSET', key('p', player, 'tickets'), number, cjson.encode({state = state, text = text, at = now}))
  redis.call('PEXPIRE', key('p', player, 'tickets'), A.times.past)
end

-- Ask for a person. The caller has checked that the bot owns the conversation. A bot worker writes the summary.
local function enqueue(c, r, actor)
  if c.state == 'wrap_up' then
    end_episode(c, 'expired')
    record('expired', 'system', c)
    free_slot(c)
  end
  c.ep, c.group, c.qkey = r.episode, r.group, now - r.head_start
  redis.call('HSET', key('e', c.ep), 'id', c.ep, 'conversation', c.id, 'state', 'queued', 'reason', r.reason, 'urgency', r.urgency,
    'scenario', r.scenario, 'requested_at', now, 'group', r.group, 'tier', r.tier, 'asked_tier', r.tier, 'language', r.language, 'reopens', r.reopens,
    'head_start', r.head_start)
  redis.call('RPUSH', key('c', c.id, 'eps'), c.ep)
  redis.call('HSET', key('c', c.id), 'ep', c.ep, 'qkey', string.format('%.0f', c.qkey), 'group', r.group, 'last_agent', r.last_agent)
  redis.call('HDEL', key('c', c.id), 'rate_due')
  if r.complaint then redis.call('HSET', key('p', c.player, 'past'), 'complaint', 1) end
  redis.call('HSET', key('c', c.id), 'summary_due', c.ep)
  c.summary_due = c.ep
  wake(c)
  move(c, 'queue', 'queued')
  enter_queue(c)
  deadline(c, 'first', r.tier)
  deadline(c, 'resolution', r.tier)
  local n = append(c, r.entry)
  record('request', actor, c)
  return n
end

-- A waiting request turns out to be more urgent, or another group's. It never goes back.
local function raise_request(c, r)
  local name = key('e', c.ep)
  local before = tonumber(redis.call('HGET', name, 'head_start') or '0')
  local group = c.group
  if r.group and (r.regroup or r.group ~= 'general') then group = r.group end -- a request may not know its group, an overflow does
  if r.scenario and r.scenario ~= '' then redis.call('HSET', name, 'scenario', r.scenario) end
  if r.urgency and r.urgency > tonumber(redis.call('HGET', name, 'urgency')) then redis.call('HSET', name, 'urgency', r.urgency) end
  if r.tier and r.tier > tonumber(redis.call('HGET', name, 'tier')) then redis.call('HSET', name, 'tier', r.tier) end
  if r.head_start <= before and group == c.group then return end
  local wanted = redis.call('ZSCORE', key('open', c.group), c.id)
  redis.call('ZREM', key('queue', c.group), c.id)
  redis.call('ZREM', key('open', c.group), c.id)
  local gained = math.max(0, r.head_start - before)
  c.qkey, c.group = c.qkey - gained, group
  redis.call('HSET', name, 'head_start', before + gained, 'group', group)
  redis.call('HSET', key('c', c.id), 'qkey', string.format('%.0f', c.qkey), 'group', group)
  redis.call('ZADD', key('queue'), string.format('%.0f', c.qkey), c.id)
  redis.call('ZADD', key('queue', group), string.format('%.0f', c.qkey), c.id)
  if wanted then open_to_offers(c) end
  ring('queue')
end

-- Give the conversation to an agent whose slot was checked: out of the queue, or out of a colleague's hands.
local function hand_to(c, agent, a, how, entry, actor)
  local before = c.owner
  if before == 'queue' then
    exit_queue(c, 'rescinded', actor)
    local wait = {group = c.group, waited_ms = now - tonumber(redis.call('HGET', key('e', c.ep), 'requested_at')),
      told_p90_ms = tonumber(redis.call('HGET', key('e', c.ep), 'told_p90') or '0')}
    if redis.call('HSETNX', key('e', c.ep), 'accepted_at', now) == 1 then
      redis.call('LPUSH', key('waits'), cjson.encode(wait))
      redis.call('LTRIM', key('waits'), 0, 499)
    end
  else
    leave_slot(c.agent, c)
    stay_ends(c)
    drop_offers(c, 'rescinded', actor)
    redis.call('HDEL', key('c', c.id, 'guests'), agent)
  end
  take_slot(agent, c, A.units.chat)
  redis.call('HSET', key('c', c.id), 'agent', agent, 'agent_name', a.display)
  redis.call('HDEL', key('c', c.id), 'idle')
  c.agent, c.agent_name, c.idle = agent, a.display, nil
  redis.call('HSET', key('e', c.ep), 'state', 'active', 'agent', agent)
  redis.call('HDEL', key('e', c.ep), 'declined')
  stay_begins(c, agent, a.display, how)
  move(c, 'agent', 'active', before == 'agent')
  local n = append(c, entry)
  timer(c, 'idle', now + A.times.idle)
  if before == 'queue' then silence(c) end
  record(how == 'takeover' and 'take_over' or how == 'transfer' and 'transferred' or 'accept', actor, c)
  return n
end

-- Back to the bot out of the queue. Returns the ticket's number, '' when none was left.
local function leave_queue(c, event, reason, actor, entry, text)
  local data, number = '{}', ''
  if text then
    number = string.format('T%s-%04d', A.day, redis.call('INCR', key('tickets')))
    data = cjson.encode({number = number, text = text, group = c.group or 'general'})
    entry = fill(entry, 'NUMBER', number)
    know_ticket(c.player, number, 'open', text)
  end
  local waiting = c.owner == 'queue'
  if waiting then
    exit_queue(c, 'cancelled', actor)
    end_episode(c, reason)
    redis.call('HDEL', key('c', c.id), 'summary_due')
    move(c, 'bot', 'none')
  end
  local n = append(c, entry)
  record(event, actor, c, data)
  if waiting then redis.call('HDEL', key('c', c.id), 'ep') end
  return number, n
end

-- An event for the operator's push service.
local function hook(event, c, data)
  redis.call('XADD', key('hooks'), '*', 'at', now, 'event', event, 'player', c.player, 'conversation', c.id, 'data', data or '{}')
  ring('hooks')
end
