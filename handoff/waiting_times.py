"""How long a player in the queue will wait: the figures of `handoff.waiting`, read once for all who ask in the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import NamedTuple, Protocol

from common.clock import Clock
from handoff.engine import AgentNow, Wait
from handoff.policy import CHAT, Policy
from handoff.protocol import QueueItem
from handoff.routing import ONLINE, step_of
from handoff.waiting import Estimate, Factor, Stage, calibrate, estimate

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
    """Counts who entered the queue ahead of somebody who was there before, at which place and for which group."""

    def __init__(self) -> None:
        self._known: set[str] | None = None  # None: nothing was seen yet
        self._since = 0
        self._entered: deque[tuple[int, int, str]] = deque()  # time, place in the whole queue, group

    def see(self, items: Sequence[QueueItem], now_ms: int) -> None:
        """The queue as it is now."""
        if self._known is None:
            self._since = now_ms
            self._known = {item.conversation for item in items}
        behind = False  # whether somebody stands further back who was there before
        for place, item in reversed(list(enumerate(items, 1))):
            if item.conversation in self._known:
                behind = True
            elif behind:
                self._entered.append((now_ms, place, item.group))
        self._known = {item.conversation for item in items}

    def per_second(self, place: int, now_ms: int) -> dict[str, float]:
        """How many a second of each group go ahead of whoever stands at `place` of the whole queue."""
        while self._entered and self._entered[0][0] < now_ms - OVERTAKERS_MS:
            self._entered.popleft()
        watched_s = max(min(now_ms - self._since, OVERTAKERS_MS), OVERTAKERS_MS / 10) / 1000
        counts = Counter(group for _, entered, group in self._entered if entered <= place)
        return {group: count / watched_s for group, count in counts.items()}


@dataclass
class _Reading:
    at: int
    agents: Staff
    items: list[QueueItem]
    factor: Factor
    handled: list[int]  # of all groups, for an agent's slots are shared by them


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
        now = self._clock.now_ms()
        place = _place(reading.items, group, position)
        overtakers = self._overtakers.per_second(place, now)
        stages = stages_of(reading, self._policy, group, position, place, overtakers, now)
        return estimate(stages, reading.handled, reading.factor, accept_s=self._policy.times.accept)

    async def _read(self) -> _Reading:
        now = self._clock.now_ms()
        age = now - self._reading.at if self._reading else STALE_MS
        if self._reading is not None and age < (FRESH_MS if self._moved else STALE_MS):
            return self._reading
        self._moved = False
        items, _ = await self._store.queue(_QUEUE_READ)
        self._overtakers.see(items, now)
        factor = calibrate(await self._store.waits(), accept_s=self._policy.times.accept)
        handled = [ms for group in self._policy.groups for ms in await self._store.handled(group)]
        self._reading = _Reading(now, Staff(await self._store.agents()), items, factor, handled)
        return self._reading


class Staff:
    """Agents who are online, and who of them may have what."""

    def __init__(self, agents: Sequence[AgentNow]) -> None:
        self._online = {agent.id: agent for agent in agents if agent.status == ONLINE}
        self._able: dict[tuple[str, int], frozenset[str]] = {}

    def able(self, group: str, skill: int) -> frozenset[str]:
        """Those with at least this proficiency in the group (0: everyone)."""
        if (group, skill) not in self._able:
            agents = self._online.values()
            self._able[(group, skill)] = frozenset(a.id for a in agents if a.profile.skills.get(group, 0) >= skill)
        return self._able[(group, skill)]

    def share(self, able: frozenset[str], among: frozenset[str]) -> float:
        """The part of the slots of the agents `able` that `among` hold, 0..1."""
        whole = self.capacity(able)
        return self.capacity(able & among) / whole if whole else 0.0

    def capacity(self, ids: frozenset[str]) -> int:
        """Units that they hold."""
        return sum(self._online[id].capacity for id in ids)

    def busy(self, ids: frozenset[str]) -> int:
        """Units that they have taken; what a woken conversation takes beyond the capacity frees no slot."""
        return sum(min(self._online[id].load, self._online[id].capacity) for id in ids)

    def free(self, ids: frozenset[str], unit: int) -> int:
        """Whole conversations that they could take now."""
        return sum(max(0, self._online[id].capacity - self._online[id].load) // unit for id in ids)


def stages_of(
    reading: _Reading,
    policy: Policy,
    group: str,
    position: int,
    place: int,
    overtakers: Mapping[str, float],
    now_ms: int,
) -> list[Stage]:
    """What lies before the request at `position` of its group and `place` of the whole queue, step by step of the routing.

    Of the requests ahead those count that these agents will serve: of another group's request the part of the slots of
    its own agents that are theirs, too.
    """
    staff, unit, steps = reading.agents, policy.units[CHAT], policy.group(group).steps
    mine = reading.items[place - 1] if place <= len(reading.items) else None
    waited_ms = now_ms - mine.since if mine else 0
    ahead = [item for item in reading.items[: place - 1] if not item.offered_to and not item.away]
    listed = sum(item.group == group for item in reading.items[: place - 1])
    others: Counter[tuple[str, int]] = Counter()
    for item in ahead:
        if item.group != group:
            others[(item.group, step_of(policy.group(item.group), now_ms - item.since).skill)] += 1
    alike = sum(item.group == group for item in ahead) + position - 1 - listed
    stages = []
    for step, following in zip_longest(steps, steps[1:]):
        if following is not None and following.after * 1000 <= waited_ms:
            continue
        able = staff.able(group, step.skill)
        stages.append(
            Stage(
                begins_s=max(0.0, step.after - waited_ms / 1000),
                busy=staff.busy(able) / unit,
                free=staff.free(able, unit),
                place=1 + alike + sum(count * staff.share(staff.able(*need), able) for need, count in others.items()),
                overtake_per_s=sum(
                    rate * staff.share(staff.able(other, policy.group(other).steps[0].skill), able)
                    for other, rate in overtakers.items()
                ),
            )
        )
    return stages


def _place(items: Sequence[QueueItem], group: str, position: int) -> int:
    """Where the one at `position` of a group stands in the whole queue; behind all who are listed when not among them."""
    places = (place for place, item in enumerate(items, 1) if item.group == group)
    return next(islice(places, position - 1, None), len(items) + 1)


def slots_of(group: str, agents: Sequence[AgentNow], policy: Policy) -> Slots:
    """The slots of the online agents who are asked for a group's requests: who knows it, or anyone if that is its last step."""
    online = [agent for agent in agents if agent.status == ONLINE]
    able = [agent for agent in online if agent.profile.skills.get(group, 0)]
    if not able and policy.group(group).steps[-1].skill == 0:
        able = online
    unit = policy.units[CHAT]
    free = sum(max(0, agent.capacity - agent.load) // unit for agent in able)
    return Slots(len(able), sum(agent.capacity for agent in able) / unit, free)
