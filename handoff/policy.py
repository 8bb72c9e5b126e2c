"""The operator's rules of the handoff engine as dataclasses; `handoff/policy_file.py` reads them from handoff/policy.yml.

Times are whole seconds here, as an operator writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

GENERAL = "general"  # the group of a request whose topic is unknown
CHAT, GUEST, TICKET = "chat", "guest", "ticket"  # channels, by which a slot is weighed
RATING = ("professional", "solved", "feeling", "technology", "personal")  # the five dimensions of a rating


@dataclass(frozen=True)
class Weights:
    """Head starts in seconds: a request is served as if it had been made that much earlier (handoff/priority.py)."""

    urgency: tuple[int, int, int, int] = (0, 1200, 3600, 10800)  # urgency 0..3
    vip: int = 60  # a level; there are 12
    tier: tuple[int, int, int] = (0, 0, 120)  # tier 1..3
    scenario: int = 30  # each scenario beyond the first, at most three count
    failed: int = 20  # each answer that did not help, at most three count
    complaint: int = 60  # complained before
    low_rating: int = 60  # gave a low rating at the last episode
    reopened: int = 90  # the last episode ended less than seven days ago and the player is back
    emotion: Mapping[str, int] = field(default_factory=lambda: {"angry": 60, "anxious": 40, "sad": 20})


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
