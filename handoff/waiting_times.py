"""How long a player in the queue will wait: the figures of `handoff.waiting`, read once for all who ask in the same moment."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from common.clock import Clock
from handoff.engine import AgentNow, Wait
from handoff.policy import CHAT, Policy
from handoff.protocol import QueueItem
from handoff.waiting import Estimate, Factor, calibrate, estimate

FRESH_MS = 2_000  # nothing is read again sooner
STALE_MS = 10_000  # read again even when no bell rang
OVERTAKERS_MS = 600_000  # time over which it is counted who goes first
_QUEUE_READ = 200


class Figures(Protocol):
    """What is read of the store."""

    async def agents(self) -> list[AgentNow]:
        """Connected agents."""

    async def handled(self, group: str) -> list[int]:
        """Handling times, milliseconds."""

    async def waits(self, limit: int = 500) -> list[Wait]:
        """Finished waits, newest first."""

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        """Who waits, in order."""


class Slots(NamedTuple):
    """What the online agents of a group hold, in conversations."""

    agents: int
    all: float
    free: int


class Overtakers:
    """Counts who entered a group's queue ahead of somebody who was there before, and at which place."""

    def __init__(self) -> None:
        self._known: set[str] | None = None  # None: nothing was seen yet
        self._since = 0
        self._entered: dict[str, deque[tuple[int, int]]] = defaultdict(deque)  # group -> time, place

    def see(self, items: Sequence[QueueItem], now_ms: int) -> None:
        """The queue as it is now."""
        if self._known is None:
            self._since = now_ms
            self._known = {item.conversation for item in items}
        behind: set[str] = set()  # groups in which somebody stands further back who was there before
        places: dict[str, int] = defaultdict(int)
        for item in items:
            places[item.group] += 1
        for item in reversed(items):
            if item.conversation in self._known:
                behind.add(item.group)
            elif item.group in behind:
                self._entered[item.group].append((now_ms, places[item.group]))
            places[item.group] -= 1
        self._known = {item.conversation for item in items}

    def per_second(self, group: str, position: int, now_ms: int) -> float:
        """How many a second go ahead of whoever stands at `position`."""
        entered = self._entered[group]
        while entered and entered[0][0] < now_ms - OVERTAKERS_MS:
            entered.popleft()
        watched_s = min(now_ms - self._since, OVERTAKERS_MS) / 1000
        return sum(place <= position for _, place in entered) / max(watched_s, OVERTAKERS_MS / 10_000)


@dataclass
class _Reading:
    at: int
    agents: list[AgentNow]
    factor: Factor
    handled: dict[str, list[int]] = field(default_factory=dict)


class WaitingTimes:
    """Estimates for one process, from figures at most two seconds old while the queue moves."""

    def __init__(self, store: Figures, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._overtakers = Overtakers()
        self._reading: _Reading | None = None
        self._moved = False
        self._lock = asyncio.Lock()

    def ring(self, _message: str = "") -> None:
        """The queue or an agent has changed."""
        self._moved = True

    async def estimate(self, group: str, position: int) -> Estimate:
        """The wait of whoever stands at `position` of a group's queue (1 is next); zeros when nobody is there to answer."""
        async with self._lock:
            reading = await self._read()
            if group not in reading.handled:
                reading.handled[group] = await self._store.handled(group)
        slots = slots_of(group, reading.agents, self._policy)
        overtake = self._overtakers.per_second(group, position, self._clock.now_ms())
        accept_s = self._policy.times.accept
        return estimate(
            position, slots.all, reading.handled[group], overtake, reading.factor, free=slots.free, accept_s=accept_s
        )

    async def _read(self) -> _Reading:
        now = self._clock.now_ms()
        age = now - self._reading.at if self._reading else STALE_MS
        if self._reading is not None and age < (FRESH_MS if self._moved else STALE_MS):
            return self._reading
        self._moved = False
        items, _ = await self._store.queue(_QUEUE_READ)
        self._overtakers.see(items, now)
        waits = await self._store.waits()
        self._reading = _Reading(now, await self._store.agents(), calibrate(waits, accept_s=self._policy.times.accept))
        return self._reading


def slots_of(group: str, agents: Sequence[AgentNow], policy: Policy) -> Slots:
    """The slots of the online agents who are asked for a group's requests: who knows it, or anyone if that is its last step."""
    online = [agent for agent in agents if agent.status == "online"]
    able = [agent for agent in online if agent.profile.skills.get(group, 0)]
    if not able and policy.group(group).steps[-1].skill == 0:
        able = online
    unit = policy.units[CHAT]
    free = sum(max(0, agent.capacity - agent.load) // unit for agent in able)
    return Slots(len(able), sum(agent.capacity for agent in able) / unit, free)
