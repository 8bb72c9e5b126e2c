"""The registry of Redis keys and channels. Lua scripts build the same names from the same prefix.

`P` is the prefix (`Settings.redis_prefix`). The scripts touch keys that they compute, so Redis Cluster is not supported.

    P c:{conversation}            hash    player, profile, owner, state, epoch, n, pn, cursor, agent, ep, lease ... (handoff/lua/_lib.lua)
    P c:{conversation}:log        stream  what the player sees; the number is the entry id ("7-0")
    P c:{conversation}:notes      stream  internal notes, numbered on their own
    P c:{conversation}:nlu        hash    log number -> what the bot understood of it (JSON)
    P c:{conversation}:tracker    string  Rasa's tracker, compacted (JSON)
    P c:{conversation}:eps        list    ids of its handoff episodes
    P c:{conversation}:guests     hash    invited agent -> display name
    P c:{conversation}:read       hash    player, agent -> the newest log number they have read; expires
    P c:{conversation}:invites    set     pending offers of a part in it
    P e:{episode}                 hash    a handoff episode
    P r:{offer}                   hash    a reservation; expires some days after its end
    P p:{player}                  string  the player's open conversation
    P p:{player}:past             hash    how the last episode ended, the promise made in it; expires
    P p:{player}:eps              list    the last ended episodes; expires
    P p:{player}:tickets          hash    ticket number -> what the player was told of it; expires
    P p:{player}:rate             string  messages in the running second
    P p:{player}:images:{window}  string  pictures sent in the window; expires
    P ids:{actor}                 hash    command id -> mac and stored result; expires
    P ready                       zset    conversations with work for a bot worker -> when (a lease moves it into the future)
    P live                        zset    open conversations -> time of the last entry
    P queue                       zset    conversations waiting for an agent -> key (handoff/priority.py)
    P queue:{group}               zset    the same, of one skill group
    P open:{group}                zset    those of them that want to be offered: not offered, called or held
    P transfers                   zset    conversations to be transferred to a group -> key
    P offers                      zset    pending reservations -> when they time out
    P timers                      zset    {conversation}|{kind} -> when it acts (handoff/deadlines.py)
    P wrapups                     zset    conversations in wrap-up -> deadline
    P h:{group}                   list    how long the group's last conversations took, ms
    P waits                       list    finished waits and what the players were told (JSON)
    P alerts                      stream  what supervisors should see
    P hooks                       stream  events for the operator's push service
    P players:seen                zset    player -> when the chat was last open
    P a:{agent}                   hash    status, capacity, display, profile, missed offers in a row
    P a:{agent}:load              hash    conversation that takes a slot of the agent -> units
    P a:{agent}:offers            hash    pending reservation -> units that it holds
    P agents:seen                 zset    agent -> last heartbeat of any of their sockets
    P agents:online               zset    agent -> the same, only while their status is online
    P outbox                      stream  events for the SQL archive
    P outbox:refused              stream  events that the archive can never store
    P tickets                     string  counter of ticket numbers
    P login:{counter}             string  failed log-ins in a window (handoff/lockout.py)
    P session:{hash}              string  an agent's desk session
    P s:same:{player}:{entry}     string  the player has asked this lately: it counts once; expires
    P s:asked:{rate}:{landmark}   hash    entry -> decayed count (suggest/decay.py); expires
    P s:after:{entry}:{landmark}  hash    what was asked after the entry -> decayed count; expires
    P s:impressions               stream  suggestions that were seen, and what was asked after all (JSON)
    P s:events:{player}           list    what the game told of the player (JSON); expires
    P s:passed:{player}           hash    suggestion -> how often it was passed over, and when last; expires
    P s:talk:{player}             string  what the last conversation was about (JSON); expires
    P s:weights                   string  what the ranker of suggestions has learned (JSON)
    P s:learning                  string  a gateway trains the ranker; expires
    P workers:{kind}              zset    worker process -> when it last said that it is alive

Channels (doorbells only; what rang is read from the keys):

    P bell:c:{conversation}       an entry, note, owner or summary is new
    P bell:queue                  the queue or an agent's presence changed
    P bell:ready                  work for a bot worker
    P bell:a:{agent}              an offer, the status or the load of the agent changed
    P bell:alerts                 a supervisor should look
    P bell:hooks                  an event for the push service is new
    P bell:typing:{conversation}  somebody types (carries the sender)
    P bell:read:{conversation}    a side has read further (carries the side and the number)
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
