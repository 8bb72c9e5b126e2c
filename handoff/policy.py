"""The operator's rules of the handoff engine as dataclasses; `handoff/policy_file.py` reads them from handoff/policy.yml.

Times are whole seconds here, as an operator writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

TIERS = (1, 2, 3)  # the bot, an advisor, an expert
GENERAL = "general"  # the group of a request whose topic is unknown
CHAT, GUEST, TICKET = "chat", "guest", "ticket"  # channels, by which a slot is weighed
RATING = ("professional", "solved", "feeling", "technology", "personal")  # the five dimensions of a rating
EMOTIONS = ("angry", "anxious", "sad", "positive", "neutral")  # what the bot hears in a message
DEADLINES = ("first", "next", "resolution")  # kinds of deadline
MAX_VIP = 12
MAX_COUNTED = 3  # so many further matters, and so many failed answers, count: a flood raises nothing
MAX_SKILL = 5
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Weights:
    """Head starts in seconds: a request is served as if it had been made that much earlier (handoff/priority.py)."""

    urgency: tuple[int, int, int, int] = (0, 1200, 3600, 10800)  # urgency 0..3
    vip: int = 60  # a level; there are 12
    tier: tuple[int, int, int] = (0, 0, 60)  # tier 1..3
    scenario: int = 15  # each scenario beyond the first, at most three count
    failed: int = 15  # each answer that did not help, at most three count
    complaint: int = 30  # complained before
    low_rating: int = 30  # gave a low rating at the last episode
    reopened: int = 45  # the last episode ended less than seven days ago and the player is back
    emotion: Mapping[str, int] = field(default_factory=lambda: {"angry": 30, "anxious": 20, "sad": 10})


@dataclass(frozen=True)
class Step:
    """From `after` seconds of waiting on, agents with at least this proficiency in the group may be offered it."""

    after: int
    skill: int  # 1..5; 0: every agent, whatever their groups


@dataclass(frozen=True)
class Opening:
    """Open hours on some days of the week, minutes after midnight in the policy's time zone."""

    days: tuple[int, ...]  # 0 is Monday
    opens: int
    closes: int  # up to 1440; smaller than `opens`: past midnight


@dataclass(frozen=True)
class Overflow:
    """What becomes of a request that its group can't take."""

    kind: Literal["wait", "group", "ticket", "callback"] = "wait"
    group: str = ""  # kind group: the one that takes over


@dataclass(frozen=True)
class Group:
    """A skill group of agents."""

    id: str
    name: str
    steps: tuple[Step, ...] = (Step(0, 3), Step(60, 1), Step(180, 0))
    hours: tuple[Opening, ...] = ()  # empty: always open
    holidays: tuple[date, ...] = ()
    closed: Overflow = Overflow()  # outside the hours
    full: Overflow = Overflow()  # when more than `most` wait
    most: int = 0  # 0: no limit


@dataclass(frozen=True)
class Deadlines:
    """What a tier promises, in seconds."""

    first: int = 300  # request -> the agent's first message
    next: int = 180  # a player's message -> the agent's next one
    resolution: int = 900  # request -> end


@dataclass(frozen=True)
class Times:
    """Other waits, in seconds."""

    accept: int = 20  # an offer waits so long for its agent
    notice: int = 600  # a waiting player is told where they stand every so often
    idle: int = 300  # a conversation without a word frees its slot
    ask: int = 180  # the player is silent after the agent's message: asked whether they are there
    close: int = 1800  # still silent: closed
    wrap_up: int = 180
    call: int = 300  # an absent player has so long to come back when it is their turn
    reopen: int = 86_400  # a new request this soon goes to the same agent
    present: int = 30  # a player without a sign for so long is away


@dataclass(frozen=True)
class Policy:
    """All rules."""

    zone: str = "Asia/Shanghai"
    weights: Weights = Weights()
    groups: Mapping[str, Group] = field(default_factory=lambda: {GENERAL: Group(GENERAL, GENERAL)})
    deadlines: Mapping[int, Deadlines] = field(
        default_factory=lambda: {2: Deadlines(), 3: Deadlines(first=900, resolution=1800)}
    )
    complex_resolution: int = 14_400  # seconds for matters that `follow_up` says take longer
    warn_agent: float = 0.6  # part of a deadline after which the agent is warned
    warn_supervisor: float = 0.8
    missed: int = 2  # offers missed in a row that send an agent into a break
    times: Times = Times()
    units: Mapping[str, int] = field(default_factory=lambda: {CHAT: 100, GUEST: 50, TICKET: 50})  # of a slot of 100
    ratings: Mapping[str, int] = field(
        default_factory=lambda: {"professional": 25, "solved": 30, "feeling": 20, "technology": 15, "personal": 10}
    )
    low_rating: float = 3.0  # below it a supervisor follows up
    compensation: Mapping[str, str] = field(default_factory=dict)  # deadline kind -> what the player is given

    def group(self, id: str) -> Group:
        """The group, or the general one when the policy does not name it."""
        return self.groups.get(id) or self.groups[GENERAL]

    def deadlines_of(self, tier: int) -> Deadlines:
        """The deadlines of a tier; the nearest tier that the policy names."""
        return self.deadlines[min(self.deadlines, key=lambda known: abs(known - tier))]


def faults(policy: Policy) -> Iterator[tuple[str, str]]:
    """What contradicts itself in rules whose single values are sound: (key with dots, what was expected and what is there)."""
    try:
        ZoneInfo(policy.zone)
    except (KeyError, ValueError, OSError):
        yield "zone", f"expected a time zone that this machine knows, such as Asia/Shanghai, got {policy.zone!r}"
    yield from _weight_faults(policy.weights)
    if GENERAL not in policy.groups:
        yield "groups", f"expected a group {GENERAL}, which takes what no other does"
    for group in policy.groups.values():
        yield from _group_faults(policy, group)
    for tier, deadlines in policy.deadlines.items():
        if deadlines.first > deadlines.resolution:
            got = f"{deadlines.first} and {deadlines.resolution}"
            yield f"deadlines.{tier}", f"expected first to be no later than resolution, got {got}"
    if not 0 < policy.warn_agent < policy.warn_supervisor < 1:
        got = f"{policy.warn_agent} and {policy.warn_supervisor}"
        yield "warn_supervisor", f"expected 0 < warn_agent < warn_supervisor < 1, got {got}"
    if policy.times.ask >= policy.times.close:
        yield "times.close", f"expected more than ask ({policy.times.ask}), got {policy.times.close}"
    if (total := sum(policy.ratings.values())) != 100:
        yield "ratings", f"expected parts that sum to 100, got {total}"


def _weight_faults(weights: Weights) -> Iterator[tuple[str, str]]:
    if not _rises(weights.urgency):
        yield "weights.urgency", f"expected numbers that rise, got {_listed(weights.urgency)}"
    if sorted(weights.tier) != list(weights.tier):
        yield "weights.tier", f"expected numbers that do not fall, got {_listed(weights.tier)}"


def _group_faults(policy: Policy, group: Group) -> Iterator[tuple[str, str]]:
    here = f"groups.{group.id}"
    after, skill = [step.after for step in group.steps], [step.skill for step in group.steps]
    if after[:1] != [0] or not _rises(after):
        yield f"{here}.steps", f"expected `after` to begin with 0 and to rise, got {_listed(after)}"
    if not _rises(skill[::-1]):
        yield f"{here}.steps", f"expected `skill` to fall, got {_listed(skill)}"
    if (group.most > 0) != (group.full.kind != "wait"):
        got = f"most {group.most} and full {group.full.kind}"
        yield f"{here}.most", f"expected most and full to be set both or neither, got {got}"
    if group.full.kind == "callback":
        yield (
            f"{here}.full",
            "expected wait, group or ticket, got callback: a full group has no time at which to call back",
        )
    for key, overflow in (("closed", group.closed), ("full", group.full)):
        if overflow.kind == "group" and overflow.group not in policy.groups:
            known = ", ".join(policy.groups)
            yield f"{here}.{key}.group", f"expected one of the groups ({known}), got {overflow.group!r}"
    if loop := _loop(policy, group):
        yield here, f"expected overflow to end somewhere, got a circle: {' -> '.join(loop)}"


def _loop(policy: Policy, start: Group) -> list[str]:
    """The way from a group back to itself by `closed` and `full` in any mixture; empty when there is none."""
    ways, seen = [[start.id]], set[str]()
    while ways:
        way = ways.pop()
        group = policy.groups.get(way[-1])
        for overflow in (group.closed, group.full) if group else ():
            if overflow.kind != "group":
                continue
            if overflow.group == start.id:
                return [*way, start.id]
            if overflow.group not in seen:
                seen.add(overflow.group)
                ways.append([*way, overflow.group])
    return []


def _rises(numbers: Sequence[int]) -> bool:
    return all(before < after for before, after in pairwise(numbers))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "nothing"


DEFAULT = Policy()  # what an operator without a policy file gets
