"""An invented world of players, for replaying what chips would have been worth: who comes, when, and what they want.

Its tables (evals/sessions.yml) are its own; the chips' model sees only what a gateway would see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from faq_index.library import Entry
from suggest.decay import DAY, HOUR, MINUTE
from suggest.moment import GameEvent

SESSIONS = Path("evals/sessions.yml")

#: Players come mostly in the evening: how many in each hour of the game's day.
_HOURS = np.asarray([3, 2, 1, 1, 1, 1, 2, 3, 4, 4, 5, 6, 7, 6, 5, 5, 6, 7, 8, 10, 11, 10, 8, 5], dtype=float)
#: 2026-12-04T00:00+08:00
_FIRST = 1_796_313_600_000
_PLATFORMS = ("android", "ios", "pc")
_PLATFORM_SHARES = (0.55, 0.3, 0.15)
#: How many of the players with an open matter come back because of it.
_COMES_BACK = 0.5
_MATTER_LIVES = 2 * DAY
#: How many show an event that has nothing to do with their need.
_STRAY_EVENTS = 0.3


class Sign(str, Enum):
    """Whether a need could be guessed."""

    SITUATION = "situation"  # something that happened to the player is behind it
    POPULARITY = "popularity"  # only that many ask it
    NOBODY = "nobody"  # any entry of the library
    BACK = "back"  # the player's last matter
    OUTAGE = "outage"  # something is broken for all


@dataclass(frozen=True)
class Person:
    """A player."""

    id: str
    platform: str
    level: int
    vip: int


@dataclass(frozen=True)
class Visit:
    """A player who opens the chat, and the entry that would help."""

    at: int
    person: Person
    page: str
    events: tuple[GameEvent, ...]
    need: str
    sign: Sign
    #: The situation's name.
    behind: str = ""


@dataclass(frozen=True)
class _Situation:
    name: str
    weight: float
    events: Mapping[str, Sequence[int]]
    pages: Sequence[str]
    levels: Sequence[int]
    vips: Sequence[int]
    entries: Sequence[str]
    chances: NDArray[np.float64]

    def suits(self, person: Person) -> bool:
        return self.levels[0] <= person.level <= self.levels[1] and self.vips[0] <= person.vip <= self.vips[1]


@dataclass
class World:
    """Players, what they want, and the random numbers it is made of: the same for the same seed."""

    root: Path
    entries: Sequence[Entry]
    traffic: Mapping[str, float]
    seed: int
    people: list[Person] = field(default_factory=list)
    _open: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng(self.seed)
        self._file: dict[str, Any] = yaml.safe_load((self.root / SESSIONS).read_text(encoding="utf-8"))
        self._of: dict[str, list[str]] = {}
        for entry in self.entries:
            self._of.setdefault(entry.scenario, []).append(entry.id)
        self._scenario = {entry.id: entry.scenario for entry in self.entries}
        self._ids = [entry.id for entry in self.entries]
        self._platforms = {entry.id: frozenset(entry.platform) for entry in self.entries}
        self._popularity = self._popular()
        self._situations = [self._situation(item) for item in self._file["situations"]]
        self._patch = [self._situation(item) for item in self._file["patch"]["situations"]]
        self._outages = [self._situation(item) for item in self._file["outages"]["kinds"]]
        self.people = [self._person(number) for number in range(4000)]

    @property
    def outage_kinds(self) -> list[str]:
        """The names of what may break."""
        return [kind.name for kind in self._outages]

    def outage_entries(self, kind: str) -> list[str]:
        """What is asked in it, the commonest first."""
        chosen = next(outage for outage in self._outages if outage.name == kind)
        return [chosen.entries[row] for row in np.argsort(-chosen.chances, kind="stable")]

    def day(self, start: int, visits: int, is_patch: bool = False) -> list[Visit]:
        """A day's visits from `start` (midnight of the game, UTC milliseconds), in order."""
        hours = self._draw.choice(24, visits, p=_HOURS / _HOURS.sum())
        times = sorted((start + hours * HOUR + self._draw.integers(0, HOUR, visits)).tolist())
        opens = start + self._file["patch"]["from_hour"] * HOUR
        return [
            self._visit(int(at), self._situations + (self._patch if is_patch and at >= opens else [])) for at in times
        ]

    def outage(self, start: int, kind: str, per_minute: float) -> list[Visit]:
        """The visits of an outage that begins at `start`, in order; `per_minute` is what is usual at that hour."""
        rules = self._file["outages"]
        chosen = next(outage for outage in self._outages if outage.name == kind)
        count = int(per_minute * rules["times"] * rules["minutes"])
        times = sorted((start + self._draw.integers(0, rules["minutes"] * MINUTE, count)).tolist())
        visits = []
        for at in times:
            visit = self._visit(int(at), self._situations)
            if self._draw.random() < rules["share"] / 100:
                need = self._pick(chosen, visit.person)
                visit = Visit(visit.at, visit.person, visit.page, visit.events, need, Sign.OUTAGE, kind)
            visits.append(visit)
        return visits

    def left_open(self, visit: Visit) -> None:
        """The player's matter is not settled: they may come back."""
        self._open[visit.person.id] = (visit.at, visit.need)

    def _visit(self, at: int, situations: Sequence[_Situation]) -> Visit:
        person = self.people[int(self._draw.integers(len(self.people)))]
        back = self._open.pop(person.id, None)
        suited = [situation for situation in situations if situation.suits(person)]
        weights = np.asarray([situation.weight for situation in suited])
        situation = suited[int(self._draw.choice(len(suited), p=weights / weights.sum()))]
        page, events = self._signs(situation, at)
        if back and at - back[0] < _MATTER_LIVES and self._draw.random() < _COMES_BACK:
            return Visit(at, person, "", (), self._again(back[1], person), Sign.BACK)
        shares = self._file["shares"]
        sign = Sign(self._draw.choice(list(shares), p=np.asarray(list(shares.values())) / sum(shares.values())))
        if sign is Sign.SITUATION:
            return Visit(at, person, page, events, self._pick(situation, person), sign, situation.name)
        stray = events if self._draw.random() < _STRAY_EVENTS else ()
        if sign is Sign.POPULARITY:
            page = str(self._draw.choice(["", "lobby", page]))
            return Visit(at, person, page, stray, self._fitting(person, self._popularity), sign)
        return Visit(at, person, page, stray, self._fitting(person, np.full(len(self._ids), 1 / len(self._ids))), sign)

    def _signs(self, situation: _Situation, at: int) -> tuple[str, tuple[GameEvent, ...]]:
        page = str(situation.pages[int(self._draw.integers(len(situation.pages)))])
        events = []
        for kind, (least, most) in situation.events.items():
            minutes = least + (most - least) * self._draw.random() ** 2
            events.append(GameEvent(kind, at - int(minutes * MINUTE), {"order_tail": "0000"}))
        return page, tuple(events)

    def _pick(self, situation: _Situation, person: Person) -> str:
        for _ in range(20):
            need = situation.entries[int(self._draw.choice(len(situation.entries), p=situation.chances))]
            if self._suits(need, person):
                return need
        return situation.entries[0]

    def _fitting(self, person: Person, chances: NDArray[np.float64]) -> str:
        while True:
            need = self._ids[int(self._draw.choice(len(self._ids), p=chances))]
            if self._suits(need, person):
                return need

    def _again(self, need: str, person: Person) -> str:
        if self._draw.random() < 0.35:
            return need
        siblings = [entry for entry in self._of[self._scenario[need]] if self._suits(entry, person)]
        return siblings[int(self._draw.integers(len(siblings)))] if siblings else need

    def _suits(self, need: str, person: Person) -> bool:
        return not self._platforms[need] or person.platform in self._platforms[need]

    def _person(self, number: int) -> Person:
        level = int(np.clip(self._draw.gamma(2.0, 25.0), 1, 100))
        vip = int(np.clip(self._draw.geometric(0.4) - 1 + (level > 60) * self._draw.integers(0, 5), 0, 12))
        return Person(f"p{number}", str(self._draw.choice(_PLATFORMS, p=_PLATFORM_SHARES)), level, vip)

    def _popular(self) -> NDArray[np.float64]:
        """How often each entry is asked in general: the assumed traffic, shaken, and within a scenario an order of its own."""
        shares = np.zeros(len(self._ids))
        rows = {entry: row for row, entry in enumerate(self._ids)}
        for scenario, members in self._of.items():
            weight = self.traffic.get(scenario, 0.2) * float(np.exp(self._draw.normal(0, 0.5)))
            places = np.argsort(np.arange(len(members)) + self._draw.normal(0, 4, len(members)))
            inner = 1.0 / (1 + np.argsort(places))
            for member, share in zip(members, inner / inner.sum()):
                shares[rows[member]] = weight * share
        return np.asarray(shares / shares.sum())

    def _situation(self, item: Mapping[str, Any]) -> _Situation:
        chances: dict[str, float] = dict(item["needs"])
        members = [entry for scenario in item["also"] for entry in self._of[scenario]]
        order = self._draw.permutation(len(members))
        tail = 1.0 / (1 + order)
        for member, share in zip(members, tail / tail.sum()):
            chances[member] = chances.get(member, 0) + item["also_weight"] * float(share)
        values = np.asarray(list(chances.values())) * np.exp(self._draw.normal(0, 0.3, len(chances)))
        return _Situation(
            name=item["name"],
            weight=float(item.get("weight", 1)) * float(np.exp(self._draw.normal(0, 0.2))),
            events=item.get("events", {}),
            pages=item.get("pages", [""]),
            levels=item.get("levels", [1, 100]),
            vips=item.get("vips", [0, 12]),
            entries=list(chances),
            chances=values / values.sum(),
        )


def midnight(day: int) -> int:
    """The game's midnight, `day` days after 4 December 2026, UTC milliseconds."""
    return _FIRST + day * DAY
