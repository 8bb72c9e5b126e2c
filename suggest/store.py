"""What suggestions remember, as small ports; suggest/memory_store.py is the twin, the Redis adapter passes the same tests.

These are statistics: the loss of seconds is fine, a count that is added twice does no harm, nothing needs to be atomic
beyond single increments and appends. But everything must be bounded: per player, per entry and in time (LIMITS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from suggest.decay import DAY, MINUTE
from suggest.moment import GameEvent, LastTalk, Passed

if TYPE_CHECKING:
    from suggest.ranker import Weights


@dataclass(frozen=True)
class Limits:
    """How much is kept."""

    #: The same player asking the same again counts once in this time, so that nobody makes a trend alone.
    same_player_ms: int = 10 * MINUTE
    #: The newest events of a player, and for how long.
    events: int = 20
    events_ms: int = 30 * DAY
    #: Chips that a player passed over lately, and for how long.
    passed: int = 40
    passed_ms: int = 14 * DAY
    #: How long a player's last conversation is remembered.
    talk_ms: int = 30 * DAY
    #: The newest impressions.
    impressions: int = 20_000
    #: Questions remembered after an entry: the commonest.
    transitions: int = 50


LIMITS = Limits()


@dataclass(frozen=True)
class Counts:
    """Decayed counts of what was asked, as of `at`; entry -> weight, entries without any are left out."""

    #: UTC, milliseconds.
    at: int
    #: suggest.decay.NOW, HOURS and WEEK.
    now: Mapping[str, float] = field(default_factory=dict)
    hours: Mapping[str, float] = field(default_factory=dict)
    week: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it stood at an impression: what the ranker learns from."""

    entry: str
    #: suggest.features.FEATURES in their order.
    features: tuple[float, ...]
    #: Where it stood, from 0; -1: it was not shown.
    rank: int = -1
    #: How many entries it stands for: 1 when it was shown or asked, more for one drawn from those not shown.
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Impression:
    """Chips that a player saw, and what the player wanted after all."""

    #: UTC, milliseconds.
    at: int
    rows: tuple[Row, ...]
    #: What was picked, or what the bot answered with when the player typed instead; empty: nothing was asked.
    asked: str = ""
    #: Whether it was picked.
    is_picked: bool = False
    #: The kind of the freshest event and the page: what an entry's learned weight may depend on.
    event: str = ""
    page: str = ""
    #: How many of 1 asked because of an outage or the like just then.
    trend: float = 0.0
    #: suggest.features.VERSION when it was written; others are not learned from.
    version: int = 1


class AskedCounts(Protocol):
    """How often each entry is asked."""

    async def asked(self, faq_id: str, player: str, at: int) -> None:
        """A player picked an entry or was answered with it; see Limits.same_player_ms."""

    async def counts(self, now: int) -> Counts:
        """Decayed counts of all entries."""


class ImpressionLog(Protocol):
    """What was shown and what came of it."""

    async def add_impression(self, impression: Impression) -> None:
        """Append; the oldest beyond Limits.impressions are dropped."""

    async def impression_count(self) -> int:
        """How many are kept."""

    async def impressions(self) -> Sequence[Impression]:
        """All that are kept, oldest first."""


class Transitions(Protocol):
    """What is asked after what."""

    async def went(self, before: str, after: str, at: int) -> None:
        """A player who was answered with `before` asked `after` next.

        The rarest are dropped down to Limits.transitions once there are twice as many.
        """

    async def transitions(self, before: str, now: int) -> Mapping[str, float]:
        """What was asked after `before`, decayed (suggest.decay.SEASON); empty when nothing was."""


class PlayerMemory(Protocol):
    """What is remembered of a player, who is named by the id of their token; all of it expires."""

    async def push_event(self, player: str, event: GameEvent) -> None:
        """The game tells of an event; the newest Limits.events are kept."""

    async def events(self, player: str, now: int) -> Sequence[GameEvent]:
        """The player's events of the last Limits.events_ms, newest first."""

    async def passed_over(self, player: str, faq_ids: Sequence[str], at: int) -> None:
        """Chips were shown, and none of these was picked."""

    async def taken(self, player: str, faq_id: str) -> None:
        """The player asked this: it no longer counts as passed over."""

    async def passed(self, player: str, now: int) -> Mapping[str, Passed]:
        """What was passed over in the last Limits.passed_ms."""

    async def talked(self, player: str, talk: LastTalk) -> None:
        """What the conversation is about now."""

    async def last_talk(self, player: str, now: int) -> LastTalk | None:
        """The last one of Limits.talk_ms."""


class WeightStore(Protocol):
    """What was learned."""

    async def save_weights(self, weights: Weights) -> None:
        """Replace what was learned (`Weights.dumps` is its text)."""

    async def weights(self) -> Weights | None:
        """The newest; None: nothing was learned yet."""


class SuggestStore(AskedCounts, ImpressionLog, Transitions, PlayerMemory, WeightStore, Protocol):
    """All of it in one place."""
