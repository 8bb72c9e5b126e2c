"""What is known of a player at the moment the chat opens: all that chips are chosen by, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class GameEvent:
    """Something that happened to the player in the game, as its backend told us."""

    #: One of the kinds of data/suggest.yml; others are ignored.
    kind: str
    #: UTC, milliseconds.
    at: int
    #: What the chip's sentence needs, such as `order_tail`; the file says which keys a kind lets through.
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LastTalk:
    """What the player's last conversation was about."""

    scenario: str
    #: The entry answered with; empty when there was none.
    entry: str
    #: UTC, milliseconds.
    at: int
    #: Whether the player said that it helped, or did not come back to it.
    is_solved: bool = False


@dataclass(frozen=True)
class Passed:
    """A chip that was shown and not picked."""

    #: How often since it was last picked or asked.
    times: int
    #: The last time, UTC, milliseconds.
    at: int


@dataclass(frozen=True)
class Moment:
    """The player and the moment."""

    #: UTC, milliseconds.
    now: int
    #: Where in the game the chat was opened, as the host page names it.
    page: str = ""
    #: ios, android, pc; empty: not known.
    platform: str = ""
    #: 0: not known.
    level: int = 0
    vip: int = 0
    #: BCP 47, as in zh-Hans or en.
    language: str = "zh-Hans"
    #: In any order; those too old to count are ignored.
    events: tuple[GameEvent, ...] = ()
    last: LastTalk | None = None
    #: Entry -> how it was passed over lately.
    passed: Mapping[str, Passed] = field(default_factory=dict)
