-- An agent's message, fenced by the epoch it was written under.
local actor = 'a:' .. A.agent
local again = repeated(actor, A.id, A.mac)
if again then return again end
local c = conversation(A.conversation)
if not c then return fail('unknown_conversation') end
if c.owner ~= 'agent' or c.agent ~= A.agent then return fail('not_owner', {owner = c.owner, agent = c.agent_name or ''}) end
if c.epoch ~= A.epoch then return fail('stale_epoch', {epoch = c.epoch, owner = c.owner, agent = c.agent_name or ''}) end

local n = append(c, A.entry)
return remember(actor, A.id, A.mac, done({n = n, conversation = c.id}))
