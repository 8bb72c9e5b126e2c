-- Reserve a waiting conversation (or one that is to be transferred to a group) for an agent.
return reserve(A)
