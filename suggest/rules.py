"""What operators say of situations: which questions an event, a page, a kind of player or a date speaks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from suggest.calendar import Occasion


@dataclass(frozen=True)
class Speaks:
    """A chance that one of some entries is wanted."""

    #: 0..1: how many of the players in this situation ask one of the entries.
    strength: float
    #: Likeliest first.
    entries: tuple[str, ...]

    def shares(self, factor: float = 1.0) -> Iterable[tuple[str, float]]:
        """Each entry and its chance, as 1, 1/2, 1/3 ... of a whole that makes `strength` times `factor`."""
        whole = sum(1 / rank for rank in range(1, len(self.entries) + 1))
        for rank, entry in enumerate(self.entries, 1):
            yield entry, self.strength * factor / (rank * whole)


@dataclass(frozen=True)
class EventKind:
    """A kind of event of the game's backend."""

    kind: str
    speaks: Speaks
    half_life_ms: int
    #: It may make a card for so long; 0: never.
    card_ms: int = 0
    #: The keys of an event's data that may be shown.
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlayerKind:
    """Players of a level or a VIP rank."""

    #: new_player or vip.
    why: str
    speaks: Speaks
    #: 0: any.
    up_to_level: int = 0
    from_vip: int = 0

    def means(self, level: int, vip: int) -> bool:
        """Whether it means a player of this level (0: not known) and VIP rank."""
        if self.up_to_level and not 0 < level <= self.up_to_level:
            return False
        return vip >= self.from_vip


@dataclass(frozen=True)
class Rules:
    """All of it."""

    events: Mapping[str, EventKind] = field(default_factory=dict)
    pages: Mapping[str, Speaks] = field(default_factory=dict)
    players: tuple[PlayerKind, ...] = ()
    calendar: tuple[Occasion, ...] = ()
    #: Scenarios that are never offered unasked.
    never: frozenset[str] = frozenset()

    def page(self, page: str) -> str:
        """The known page that `page` lies on: itself or the longest that it begins with; empty: none."""
        while page and page not in self.pages:
            page = page.rpartition("/")[0]
        return page
