"""A small library and rules for it, shared by the tests of the chips' model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from suggest.decay import HOUR, MINUTE
from suggest.opening import Opening
from suggest.rules import EventKind, PlayerKind, Rules, Speaks

NOW = 1_795_480_000_000


@dataclass(frozen=True)
class Text:
    question: str


@dataclass(frozen=True)
class E:
    """An entry as the library gives it."""

    id: str
    scenario: str
    question: str = "?"
    platform: tuple[str, ...] = ()
    english: Text | None = None
    until: date | None = None

    def fits(self, platform: str | None, today: date | None) -> bool:
        if platform and self.platform and platform not in self.platform:
            return False
        return today is None or self.until is None or today <= self.until


def entries() -> list[E]:
    """Eight scenarios, a to h, of five entries; a.1 has English, b.1 is for iOS alone, c.1 is over."""
    made = [E(f"{name}.{number}", name, f"{name}{number}?") for name in "abcdefgh" for number in range(1, 6)]
    special = {
        "a.1": E("a.1", "a", "a1?", english=Text("How?")),
        "b.1": E("b.1", "b", "b1?", platform=("ios",)),
        "c.1": E("c.1", "c", "c1?", until=date(2026, 1, 1)),
    }
    return [special.get(entry.id, entry) for entry in made]


def rules() -> Rules:
    """Event `failed` speaks for h, page `guild` for g, new players for f."""
    return Rules(
        events={
            "failed": EventKind("failed", Speaks(0.8, ("h.1", "h.2", "h.3")), HOUR, 30 * MINUTE, ("order_tail",)),
            "sold": EventKind("sold", Speaks(0.5, ("e.4",)), HOUR),
        },
        pages={"guild": Speaks(0.6, ("g.1", "g.2")), "guild/war": Speaks(0.6, ("g.5",))},
        players=(
            PlayerKind("new_player", Speaks(0.5, ("f.1",)), up_to_level=20),
            PlayerKind("vip", Speaks(0.4, ("f.5",)), from_vip=5),
        ),
    )


@pytest.fixture
def opening() -> Opening:
    """Day one: a is asked most, then b, c ..."""
    return Opening(entries(), rules(), {name: 100.0 / 2**place for place, name in enumerate("abcdefgh")})
