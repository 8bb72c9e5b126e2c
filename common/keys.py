"""The registry of Redis keys and channels. Lua scripts build the same names from the same prefix.

`P` is the prefix (`Settings.redis_prefix`). The scripts touch keys that they compute, so Redis Cluster is not supported.

    P c:{conversation}            hash    player, profile, owner, state, epoch, n, pn, cursor, agent, ep, lease ... (handoff/lua/_lib.lua)
    P c:{conversation}:log        stream  what the player sees; the number is the entry id ("7-0")
    P c:{conversation}:notes      stream  internal notes, numbered on their own
    P c:{conversation}:nlu        hash    log number -> what the bot understood of it (JSON)
    P c:{conversation}:tracker    string  Rasa's tracker, compacted (JSON)
    P c:{conversation}:eps        list    ids of its handoff episodes
    P e:{episode}                 hash    a handoff episode
    P p:{player}                  string  the player's open conversation
    P p:{player}:rate             string  messages in the running second
    P ids:{actor}                 hash    command id -> mac and stored result; expires
    P ready                       zset    conversations with work for a bot worker -> when (a lease moves it into the future)
    P live                        zset    open conversations -> time of the last entry
    P queue                       zset    conversations waiting for an agent -> rank
    P wrapups                     zset    conversations in wrap-up -> deadline
    P a:{agent}                   hash    status, capacity, display
    P a:{agent}:convs             set     conversations that take a slot of the agent
    P agents:seen                 zset    agent -> last heartbeat of any of their sockets
    P agents:online               zset    agent -> the same, only while their status is online
    P outbox                      stream  events for the SQL archive
    P outbox:refused              stream  events that the archive can never store
    P tickets                     string  counter of ticket numbers
    P login:{counter}             string  failed log-ins in a window (handoff/lockout.py)
    P session:{hash}              string  an agent's desk session
    P workers:{kind}              zset    worker process -> when it last said that it is alive

Channels (doorbells only; what rang is read from the keys):

    P bell:c:{conversation}       an entry, note, owner or summary is new
    P bell:queue                  the queue or an agent's presence changed
    P bell:ready                  work for a bot worker
    P bell:typing:{conversation}  somebody types (carries the sender)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """Names under one prefix."""

    prefix: str = "yl:"

    def name(self, *parts: str) -> str:
        """The key made of `parts`."""
        return self.prefix + ":".join(parts)

    def bell(self, *parts: str) -> str:
        """The channel made of `parts`."""
        return self.name("bell", *parts)
