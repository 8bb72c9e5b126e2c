"""Everything that a store of the handoff engine keeps, in one shape for the twin and for Redis, so that one oracle judges both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from common.keys import Keys
from handoff.machine import EpisodeState, Owner
from handoff.memory_store import MemoryStore
from handoff.protocol import Entry, Episode, Note
from handoff.redis_base import decode_entry, decode_note, episode_of, numbered

_DUMP = """
local out = {}
for _, name in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local kind, value = redis.call('TYPE', name).ok, ''
  if kind == 'string' then value = redis.call('GET', name)
  elseif kind == 'hash' then value = redis.call('HGETALL', name)
  elseif kind == 'zset' then value = redis.call('ZRANGE', name, 0, -1, 'WITHSCORES')
  elseif kind == 'set' then value = redis.call('SMEMBERS', name)
  elseif kind == 'list' then value = redis.call('LRANGE', name, 0, -1)
  elseif string.find(name, ':log$') or string.find(name, ':notes$') then value = redis.call('XRANGE', name, '-', '+')
  else value = redis.call('XLEN', name) end
  if not string.find(name, ':ids:') then out[#out + 1] = {string.sub(name, #ARGV[1] + 1), value} end
end
return out
"""


@dataclass(frozen=True)
class Talk:
    """A live conversation."""

    id: str
    player: str
    owner: Owner
    state: EpisodeState
    epoch: int
    last: int  # the counter of log entries
    notes_last: int
    cursor: int
    player_n: int  # newest entry of the player
    lease: str
    agent: str
    episode: str
    episodes: tuple[str, ...]
    rate_due: str
    summary_due: str
    group: str
    key: int
    offer: str
    invites: frozenset[str]
    guests: frozenset[str]
    transfer: str
    transfer_group: str
    idle: bool
    unanswered: bool
    called: bool
    kept: bool
    held: bool
    log: tuple[Entry, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Staff:
    """An agent."""

    status: str
    capacity: int
    seen: int
    missed: int
    load: Mapping[str, int]  # conversation -> units
    offers: Mapping[str, int]  # pending offer -> units

    @property
    def taken(self) -> int:
        """Units, pending offers included."""
        return sum(self.load.values()) + sum(self.offers.values())


@dataclass(frozen=True)
class Reservation:
    """An offer."""

    conversation: str
    kind: str
    agent: str
    state: str
    expires_at: int


@dataclass(frozen=True)
class Picture:
    """A store at one moment. All times in UTC milliseconds."""

    now: int
    talks: Mapping[str, Talk]
    episodes: Mapping[str, Episode]
    queue: tuple[tuple[int, str], ...]  # key, conversation; in the store's own order
    group_queues: Mapping[str, tuple[str, ...]]
    wanted: Mapping[str, str]  # conversation open to offers -> "queue:<group>" or "transfers"
    timers: Mapping[tuple[str, str], int]
    offers: Mapping[str, Reservation]
    pending: frozenset[str]  # the index of pending offers
    agents: Mapping[str, Staff]
    ready: Mapping[str, int]
    wrap_ups: Mapping[str, int]
    open_of: Mapping[str, str]  # player -> conversation
    players: Mapping[str, int]  # player -> when last seen
    counters: tuple[int, ...]  # audit records, alerts, hooks, tickets, finished waits


def of_twin(store: MemoryStore, now: int) -> Picture:
    """The twin's memory, copied."""
    talks = {
        c.id: Talk(
            id=c.id,
            player=c.player.id,
            owner=c.ownership.owner,
            state=c.ownership.episode,
            epoch=c.ownership.epoch,
            last=len(c.log),
            notes_last=len(c.notes),
            cursor=c.cursor,
            player_n=c.player_n,
            lease=c.lease or "",
            agent=c.agent,
            episode=c.episode,
            episodes=tuple(c.episodes),
            rate_due=c.rate_due,
            summary_due=c.summary_due,
            group=c.group,
            key=c.key,
            offer=c.offer,
            invites=frozenset(c.invites),
            guests=frozenset(c.guests),
            transfer=c.transfer,
            transfer_group=c.transfer_group,
            idle=c.idle,
            unanswered=c.unanswered,
            called=bool(c.called_at),
            kept=c.kept,
            held=c.held,
            log=tuple(c.log),
            notes=tuple(c.notes),
        )
        for c in store._conversations.values()
    }
    queue = tuple(sorted((key, id) for id, key in store._queue.items()))
    return Picture(
        now=now,
        talks=talks,
        episodes=dict(store._episodes),
        queue=queue,
        group_queues=_by_group(queue, talks),
        wanted={id: _place_of(talks[id]) for id in store._wanted if id in talks},
        timers=dict(store._timers),
        offers={
            o.id: Reservation(o.conversation, o.kind.value, o.agent, o.state.value, o.expires_at)
            for o in store._offers.values()
        },
        pending=frozenset(o.id for o in store._offers.values() if o.state.value == "pending"),
        agents={
            id: Staff(a.status, a.capacity, a.seen, a.missed, dict(a.load), dict(a.offers))
            for id, a in store._agents.items()
        },
        ready=dict(store._ready),
        wrap_ups=dict(store._wrap_ups),
        open_of=dict(store._open),
        players=dict(store._players),
        counters=(
            len(store._outbox),
            len(store._alerts),
            len(store._hooks),
            store._tickets,
            len(store._waits),
        ),
    )


def _place_of(talk: Talk) -> str:
    return f"queue:{talk.group}" if talk.owner is Owner.QUEUE else "transfers"


def _by_group(queue: Iterable[tuple[int, str]], talks: Mapping[str, Talk]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for _, id in queue:
        group = talks[id].group
        groups[group] = (*groups.get(group, ()), id)
    return groups


async def of_redis(redis: Redis[str], keys: Keys, now: int) -> Picture:
    """All keys of the store, read in one script."""
    raw = dict(sorted(await redis.eval(_DUMP, 0, keys.prefix)))
    parts: dict[str, dict[str, Any]] = {}
    for name, value in raw.items():
        area, _, rest = name.partition(":")
        parts.setdefault(area, {})[rest] = value
    talks = _talks(parts.get("c", {}))
    queue = _scores(raw.get("queue"))
    open_to_offers = {
        id: f"queue:{group}" for group, zset in parts.get("open", {}).items() for id in _scores(zset)
    } | dict.fromkeys(_scores(raw.get("transfers")), "transfers")
    return Picture(
        now=now,
        talks=talks,
        episodes={id: episode_of(_hash(flat)) for id, flat in parts.get("e", {}).items()},
        queue=tuple((key, id) for id, key in queue.items()),
        group_queues={group: tuple(_scores(zset)) for group, zset in parts.get("queue", {}).items() if group},
        wanted=open_to_offers,
        timers={(id, kind): at for m, at in _scores(raw.get("timers")).items() for id, _, kind in [m.rpartition("|")]},
        offers={id: _reservation(_hash(flat)) for id, flat in parts.get("r", {}).items()},
        pending=frozenset(_scores(raw.get("offers"))),
        agents=_staff(parts.get("a", {}), _scores(raw.get("agents:seen"))),
        ready=_scores(raw.get("ready")),
        wrap_ups=_scores(raw.get("wrapups")),
        open_of={player: id for player, id in parts.get("p", {}).items() if ":" not in player},
        players=_scores(raw.get("players:seen")),
        counters=(
            int(raw.get("outbox", 0)),
            int(raw.get("alerts", 0)),
            int(raw.get("hooks", 0)),
            int(raw.get("tickets", 0)),
            len(raw.get("waits", ())),
        ),
    )


def _hash(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2]))


def _scores(flat: Any) -> dict[str, int]:
    return {member: int(float(score)) for member, score in _hash(flat or []).items()}


def _reservation(raw: dict[str, str]) -> Reservation:
    return Reservation(raw["conversation"], raw["kind"], raw["agent"], raw["state"], int(raw["expires_at"]))


def _talks(part: dict[str, Any]) -> dict[str, Talk]:
    return {id: _talk(id, _hash(flat), part) for id, flat in part.items() if ":" not in id}


def _talk(id: str, raw: dict[str, str], part: dict[str, Any]) -> Talk:
    return Talk(
        id=id,
        player=raw["player"],
        owner=Owner(raw["owner"]),
        state=EpisodeState(raw["state"]),
        epoch=int(raw["epoch"]),
        last=int(raw["n"]),
        notes_last=int(raw["notes_n"]),
        cursor=int(raw["cursor"]),
        player_n=int(raw["pn"]),
        lease=raw.get("lease", ""),
        agent=raw.get("agent", ""),
        episode=raw.get("ep", ""),
        episodes=tuple(part.get(f"{id}:eps", ())),
        rate_due=raw.get("rate_due", ""),
        summary_due=raw.get("summary_due", ""),
        group=raw.get("group", "general"),
        key=int(raw.get("qkey", 0)),
        offer=raw.get("offer", ""),
        invites=frozenset(part.get(f"{id}:invites", ())),
        guests=frozenset(_hash(part.get(f"{id}:guests", []))),
        transfer=raw.get("transfer", ""),
        transfer_group=raw.get("transfer_group", ""),
        idle="idle" in raw,
        unanswered="unanswered" in raw,
        called="called_at" in raw,
        kept="kept" in raw,
        held="held" in raw,
        log=tuple(numbered(decode_entry(fields[1]), n) for n, fields in part.get(f"{id}:log", ())),
        notes=tuple(numbered(decode_note(fields[1]), n) for n, fields in part.get(f"{id}:notes", ())),
    )


def _staff(part: dict[str, Any], seen: dict[str, int]) -> dict[str, Staff]:
    ids = {name.partition(":")[0] for name in part} | set(seen)
    return {id: _one_of_staff(id, part, seen.get(id, 0)) for id in ids}


def _one_of_staff(id: str, part: dict[str, Any], seen: int) -> Staff:
    raw = _hash(part.get(id, []))
    load, offers = (_hash(part.get(f"{id}:{name}", [])) for name in ("load", "offers"))
    return Staff(
        status=raw.get("status", ""),
        capacity=int(raw.get("capacity") or 0),
        seen=seen,
        missed=int(raw.get("missed") or 0),
        load={id: int(units) for id, units in load.items()},
        offers={id: int(units) for id, units in offers.items()},
    )
