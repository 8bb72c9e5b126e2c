"""What a simulated day looks like: who comes when and with what, who works when, how long things take.

The figures are assumptions, chosen to resemble a game's support desk; none was measured on a real one.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate
from random import Random
from typing import TypeVar

from handoff.engine import Profile
from handoff.protocol import Player
from handoff.simulation.faults import Faults
from handoff.store import HandoffRequest

T = TypeVar("T")
SECOND, MINUTE, HOUR = 1000.0, 60_000.0, 3_600_000.0
MIDNIGHT_MS = 1_795_449_600_000  # 2026-11-24 00:00 in Shanghai, UTC milliseconds
LAST_START = 20  # hour: a run shorter than a day still sees the evening
SOLVED_BY_BOT = 0.12  # players who need no person
SUPERVISORS = 2
ENGLISH = 0.04
OWN_AGENT_FROM = 10  # VIP level from which a player has an agent of their own

# Arrivals by hour of the day in the policy's zone; the peak is from eight to ten in the evening.
_ARRIVALS = (18, 10, 6, 4, 3, 3, 5, 9, 16, 24, 30, 36, 48, 44, 36, 34, 36, 44, 56, 76, 96, 92, 60, 34)
# Shifts: begin (hour), hours, share of the agents.
_SHIFTS = ((0, 8, 0.14), (8, 9, 0.26), (11, 9, 0.22), (15, 9, 0.38))


class Burst(str, Enum):
    """What makes more players come than on other days."""

    NONE = "none"  # an ordinary day
    PATCH = "patch"  # a patch at ten in the morning: a third more, about technical matters and events
    OUTAGE = "outage"  # the servers are away at half past eight in the evening: a quarter more within twenty minutes


@dataclass(frozen=True)
class Topic:
    """Matters of one group."""

    group: str
    weight: float  # share of the requests
    urgency: tuple[int, int, int, int]  # weights of 0..3
    expert: float  # share of tier 3
    minutes: float  # mean time that an agent takes
    spread: float = 0.7  # sigma of its logarithm


# Shares follow the number of scenarios of each skill in data/scenarios.yml.
TOPICS = (
    Topic("payment", 19, (6, 9, 3, 1), 0.1, 13),
    Topic("item", 18, (12, 5, 1, 0), 0.1, 14),
    Topic("account", 17, (14, 3, 0, 0), 0.02, 10),
    Topic("tech", 15, (9, 5, 0, 1), 0.06, 12),
    Topic("event", 13, (11, 2, 0, 0), 0.0, 7),
    Topic("gameplay", 13, (13, 0, 0, 0), 0.0, 6),
    Topic("security", 12, (3, 2, 4, 3), 0.2, 18),
    Topic("penalty", 8, (3, 4, 1, 0), 0.15, 15),
    Topic("social", 5, (5, 0, 0, 0), 0.0, 8),
    Topic("minor", 5, (3, 2, 0, 0), 0.1, 16),
    Topic("general", 5, (2, 3, 0, 0), 0.0, 10),
    Topic("vip", 3, (3, 0, 0, 0), 0.0, 14),
    Topic("complaint", 3, (0, 1, 1, 1), 0.6, 20),
    Topic("crisis", 0.6, (0, 0, 0, 1), 1.0, 25),
)
TOPIC = {topic.group: topic for topic in TOPICS}
_EMOTIONS = (("neutral", 60.0), ("anxious", 16.0), ("angry", 13.0), ("sad", 5.0), ("positive", 6.0))


@dataclass(frozen=True)
class Settings:
    """One run. Everything in it is decided by these."""

    seed: int = 1
    hours: float = 24.0
    players: int = 2000
    agents: int = 60
    faults: Faults = field(default_factory=Faults)
    burst: Burst = Burst.NONE

    @property
    def first_hour(self) -> float:
        """Hour of the day at which it begins."""
        return max(0.0, min(float(LAST_START), 24 - self.hours))


@dataclass(frozen=True)
class Visit:
    """A player's coming, and what they want."""

    at: float  # milliseconds after the start
    player: Player
    request: HandoffRequest


@dataclass(frozen=True)
class Shift:
    """When an agent works, milliseconds after the start; the begin may lie before it, an endless one stays for the drain."""

    begins: float
    ends: float


@dataclass(frozen=True)
class Staff:
    """An agent as the operator's accounts have them."""

    id: str
    display: str
    capacity: int
    profile: Profile
    shift: Shift


def pick(rng: Random, items: Sequence[tuple[T, float]]) -> T:
    """One of (item, weight)."""
    totals = list(accumulate(weight for _, weight in items))
    return items[bisect(totals, rng.random() * totals[-1])][0]


def lognormal(rng: Random, median: float, sigma: float) -> float:
    """A draw with this median; sigma is of the logarithm."""
    return rng.lognormvariate(math.log(median), sigma)


def handling_ms(rng: Random, group: str) -> float:
    """How long an agent works on a matter of the group."""
    topic = TOPIC[group]
    mu = math.log(topic.minutes * MINUTE) - topic.spread**2 / 2
    return rng.lognormvariate(mu, topic.spread)


def visits(settings: Settings, rng: Random) -> list[Visit]:
    """All players of the run, in the order in which they come."""
    found = [_visit(n, _arrival(settings, rng), None, rng) for n in range(settings.players)]
    found += _burst(settings, rng)
    return sorted(found, key=lambda visit: visit.at)


def request(rng: Random, topic: Topic, reason: str, language: str = "zh") -> HandoffRequest:
    """A wish for a person about the topic."""
    urgency = pick(rng, list(enumerate(map(float, topic.urgency))))
    return HandoffRequest(
        reason=reason,
        urgency=urgency,
        scenario=f"{topic.group}_{rng.randrange(8)}",
        group=topic.group,
        tier=3 if rng.random() < topic.expert or urgency == 3 else 2,
        scenarios=pick(rng, [(1, 8.0), (2, 1.5), (3, 0.5)]),
        failed=pick(rng, [(0, 5.0), (1, 3.0), (2, 1.5), (5, 0.5)]),
        emotion=pick(rng, _EMOTIONS),
        complaint=topic.group == "complaint" or rng.random() < 0.03,
        language=language,
    )


def staff(settings: Settings, rng: Random) -> list[Staff]:
    """All agents, the supervisors first."""
    shifts = _shifts(settings, rng)
    own = [f"u{n}" for n in range(settings.players) if n % 97 == 0]
    return [_agent(n, shifts[n], own[n :: max(1, settings.agents)], rng) for n in range(settings.agents)]


def _visit(n: int, at: float, topic: Topic | None, rng: Random) -> Visit:
    topic = topic or pick(rng, [(topic, topic.weight) for topic in TOPICS])
    # Players with an own agent (see `staff`) are VIP; the other levels are rarer the higher they are.
    vip = rng.randint(OWN_AGENT_FROM, 12) if n % 97 == 0 else min(12, int(rng.expovariate(0.55)))
    player = Player(id=f"u{n}", name=f"player {n}", vip=vip)
    language = "en" if rng.random() < ENGLISH else "zh"
    return Visit(
        at, player, request(rng, topic, pick(rng, [("button", 3.0), ("asked", 2.0), ("unsolved", 1.0)]), language)
    )


def _arrival(settings: Settings, rng: Random) -> float:
    begin = settings.first_hour
    hours = [
        ((max(h, begin), min(h + 1.0, begin + settings.hours)), weight)
        for h, weight in ((float(h), _ARRIVALS[h % 24]) for h in range(48))
    ]
    inside = [((low, high), weight * (high - low)) for (low, high), weight in hours if high > low]
    low, high = pick(rng, inside)
    return (rng.uniform(low, high) - begin) * HOUR


def _burst(settings: Settings, rng: Random) -> list[Visit]:
    if settings.burst is Burst.NONE:
        return []
    patch = settings.burst is Burst.PATCH
    hour, share, minutes = (10.0, 1 / 3, 90) if patch else (20.5, 0.25, 20)
    found = []
    for n in range(settings.players, settings.players + int(share * settings.players)):
        at = (hour - settings.first_hour) * HOUR + rng.random() * minutes * MINUTE
        topic = TOPIC[rng.choice(("tech", "event", "gameplay", "item")) if patch else "tech"]
        if 0 <= at < settings.hours * HOUR:
            found.append(_visit(n, at, topic, rng))
    return found


def _shifts(settings: Settings, rng: Random) -> list[Shift]:
    """Agents by turns over the shifts that touch the run, so that few agents cover it as many do."""
    begin, end = settings.first_hour, settings.first_hour + settings.hours
    touching = [(at, long, share) for at, long, share in _SHIFTS if at < end and at + long > begin]
    wanted = [0.0] * len(touching)
    found = []
    for _ in range(settings.agents):
        wanted = [have + share for have, (_, _, share) in zip(wanted, touching)]
        turn = max(range(len(touching)), key=lambda index: wanted[index])
        wanted[turn] -= sum(share for _, _, share in touching)
        at, long, _ = touching[turn]
        late = rng.uniform(-10, 10) * MINUTE
        ends = (at + long - begin) * HOUR + late
        found.append(Shift((at - begin) * HOUR + late, ends if at + long < end else math.inf))  # the last ones stay
    return found


def _agent(n: int, shift: Shift, players: list[str], rng: Random) -> Staff:
    groups = [topic.group for topic in TOPICS]
    weights = [math.sqrt(topic.weight) for topic in TOPICS]
    # Each agent knows two groups by turns, so that no group is without people, and some others by chance.
    known = {groups[n % len(groups)], groups[(n * 5 + 3) % len(groups)], *rng.choices(groups, weights, k=6)}
    skills = {
        group: pick(rng, [(1, 1.0), (2, 2.0), (3, 4.0), (4, 4.0), (5, 2.0)]) for group in groups if group in known
    }
    languages = ("zh", "en") if rng.random() < 0.3 else ("zh",)
    role = "supervisor" if n < SUPERVISORS else "agent"
    capacity = pick(rng, [(1, 3.0), (2, 5.0), (3, 1.0)])
    return Staff(f"a{n}", f"agent {n}", capacity, Profile(role, skills, languages, tuple(players)), shift)
