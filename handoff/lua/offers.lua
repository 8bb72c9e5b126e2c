-- Several reservations in one call, so that they reach the disk together. Each is made or refused by itself.
local answers = {}
for i, offer in ipairs(A.offers) do answers[i] = reserve(offer) end
return '[' .. table.concat(answers, ',') .. ']'
